package vmette.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/** Builds a {@link VmSpec}. Not thread-safe. */
public final class VmSpecBuilder {
    private Optional<String> name = Optional.empty();
    private Optional<Path> kernel = Optional.empty();
    private Optional<Path> initramfs = Optional.empty();
    private Optional<Path> modules = Optional.empty();
    private Optional<String> cmdline = Optional.empty();
    private Optional<String> exec = Optional.empty();
    private final Map<String, String> env = new LinkedHashMap<>();
    private int vcpus = 1;
    private long memoryMib = 512;
    private Duration timeout = Duration.ZERO;
    private int vsockPort = -1;
    private final List<PublishedPort> publish = new ArrayList<>();
    private boolean net;
    private boolean netHostLoopback;
    private Optional<String> rootfs = Optional.empty();
    private boolean rootfsReadOnly;
    private boolean rootfsImage;
    private boolean switchRoot;
    private final List<Share> shares = new ArrayList<>();
    private final List<Path> disks = new ArrayList<>();
    private long scratchMib;
    private Optional<Path> caCerts = Optional.empty();
    private Optional<HealthCheck> health = Optional.empty();
    private SnapshotSpecBuilder snapshots = SnapshotSpec.builder();

    VmSpecBuilder() {}

    VmSpecBuilder(VmSpec spec) {
        name = spec.name();
        kernel = spec.kernel();
        initramfs = spec.initramfs();
        modules = spec.modules();
        cmdline = spec.cmdline();
        exec = spec.exec();
        env.putAll(spec.env());
        vcpus = spec.vcpus();
        memoryMib = spec.memoryMib();
        timeout = spec.timeout();
        vsockPort = spec.vsockPort();
        publish.addAll(spec.publish());
        net = spec.net();
        netHostLoopback = spec.netHostLoopback();
        rootfs = spec.storage().rootfs();
        rootfsReadOnly = spec.storage().rootfsReadOnly();
        rootfsImage = spec.storage().rootfsImage();
        switchRoot = spec.storage().switchRoot();
        shares.addAll(spec.storage().shares());
        disks.addAll(spec.storage().disks());
        scratchMib = spec.storage().scratchMib();
        caCerts = spec.caCerts();
        health = spec.health();
        snapshots = spec.snapshots().toBuilder();
    }

    /** The VM's name. */
    public VmSpecBuilder name(String value) {
        name = Optional.of(value);
        return this;
    }

    /** vmlinux or bzImage. */
    public VmSpecBuilder kernel(Path value) {
        kernel = Optional.of(value);
        return this;
    }

    /** The user's own initramfs. */
    public VmSpecBuilder initramfs(Path value) {
        initramfs = Optional.of(value);
        return this;
    }

    /** Directory of the kernel's modules. */
    public VmSpecBuilder modules(Path value) {
        modules = Optional.of(value);
        return this;
    }

    /** Replaces the tunable part of the kernel command line. */
    public VmSpecBuilder cmdline(String value) {
        cmdline = Optional.of(value);
        return this;
    }

    /** What {@code Vmette.run} runs by {@code /bin/sh -c}. */
    public VmSpecBuilder exec(String value) {
        exec = Optional.of(value);
        return this;
    }

    /** One environment variable of every command. */
    public VmSpecBuilder env(String key, String value) {
        env.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
        return this;
    }

    /** Virtual processors, 1 to 255. */
    public VmSpecBuilder vcpus(int value) {
        vcpus = value;
        return this;
    }

    /** Memory in MiB. */
    public VmSpecBuilder memoryMib(long value) {
        memoryMib = value;
        return this;
    }

    /** From launch, boot included; zero: none. */
    public VmSpecBuilder timeout(Duration value) {
        timeout = Objects.requireNonNull(value, "timeout");
        return this;
    }

    /** See {@link VmSpec#vsockPort()}. */
    public VmSpecBuilder vsockPort(int value) {
        vsockPort = value;
        return this;
    }

    /** These ports instead of those so far. */
    public VmSpecBuilder publish(List<PublishedPort> values) {
        publish.clear();
        values.forEach(this::publish);
        return this;
    }

    /** One more TCP port of the host's loopback address that leads into the guest. */
    public VmSpecBuilder publish(PublishedPort value) {
        publish.add(Objects.requireNonNull(value, "publish"));
        return this;
    }

    /** As {@link #publish(PublishedPort)}: a host port, or 0 for any free one, and a guest port. */
    public VmSpecBuilder publish(int hostPort, int guestPort) {
        return publish(new PublishedPort(hostPort, guestPort));
    }

    /** See {@link VmSpec#net()}. */
    public VmSpecBuilder net(boolean value) {
        net = value;
        return this;
    }

    /** See {@link VmSpec#netHostLoopback()}. */
    public VmSpecBuilder netHostLoopback(boolean value) {
        netHostLoopback = value;
        return this;
    }

    /** See {@link StorageSpec#rootfs()}. */
    public VmSpecBuilder rootfs(String value) {
        rootfs = Optional.of(value);
        return this;
    }

    /** A directory of the host as the guest's {@code /}. */
    public VmSpecBuilder rootfs(Path directory) {
        return rootfs(directory.toAbsolutePath().toString());
    }

    /** See {@link StorageSpec#rootfsReadOnly()}. */
    public VmSpecBuilder rootfsReadOnly(boolean value) {
        rootfsReadOnly = value;
        return this;
    }

    /** See {@link StorageSpec#rootfsImage()}. */
    public VmSpecBuilder rootfsImage(boolean value) {
        rootfsImage = value;
        return this;
    }

    /** See {@link StorageSpec#switchRoot()}. */
    public VmSpecBuilder switchRoot(boolean value) {
        switchRoot = value;
        return this;
    }

    /** One more directory of the host that the guest sees at {@code /mnt/TAG}. */
    public VmSpecBuilder share(Share value) {
        shares.add(Objects.requireNonNull(value, "share"));
        return this;
    }

    /** As {@link #share(Share)}, read and written. */
    public VmSpecBuilder share(String tag, Path directory) {
        return share(new Share(tag, directory, false));
    }

    /** These directories instead of those so far. */
    public VmSpecBuilder shares(List<Share> values) {
        shares.clear();
        values.forEach(this::share);
        return this;
    }

    /** One more raw block image. */
    public VmSpecBuilder disk(Path value) {
        disks.add(Objects.requireNonNull(value, "disk"));
        return this;
    }

    /** These images instead of those so far. */
    public VmSpecBuilder disks(List<Path> values) {
        disks.clear();
        values.forEach(this::disk);
        return this;
    }

    /** See {@link StorageSpec#scratchMib()}. */
    public VmSpecBuilder scratchMib(long value) {
        scratchMib = value;
        return this;
    }

    /** See {@link VmSpec#caCerts()}. */
    public VmSpecBuilder caCerts(Path value) {
        caCerts = Optional.of(value);
        return this;
    }

    /** See {@link VmSpec#health()}. */
    public VmSpecBuilder health(HealthCheck value) {
        health = Optional.of(value);
        return this;
    }

    /** What the VM has to do with snapshots, instead of all that was said of them so far. */
    public VmSpecBuilder snapshots(SnapshotSpec value) {
        snapshots = value.toBuilder();
        return this;
    }

    /** The VM is booted, saved there, and ended. */
    public VmSpecBuilder buildSnapshot(Path value) {
        snapshots.buildAt(value);
        return this;
    }

    /** The VM is restored from there instead of being booted. */
    public VmSpecBuilder resumeSnapshot(Path value) {
        snapshots.resumeFrom(value);
        return this;
    }

    /** See {@link SnapshotSpec#guestVsockPort()}. */
    public VmSpecBuilder guestVsockPort(int value) {
        snapshots.guestVsockPort(value);
        return this;
    }

    /** See {@link SnapshotSpec#warmUp()}. */
    public VmSpecBuilder warmUp(String value) {
        snapshots.warmUp(value);
        return this;
    }

    /** See {@link SnapshotSpec#saveable()}. */
    public VmSpecBuilder saveable(boolean value) {
        snapshots.saveable(value);
        return this;
    }

    /**
     * The specification.
     *
     * @throws InvalidConfigException naming the value and what is allowed
     */
    public VmSpec build() {
        return new VmSpec(
                name,
                kernel,
                initramfs,
                modules,
                cmdline,
                exec,
                env,
                vcpus,
                memoryMib,
                timeout,
                vsockPort,
                publish,
                net,
                netHostLoopback,
                new StorageSpec(rootfs, rootfsReadOnly, rootfsImage, switchRoot, shares, disks, scratchMib),
                caCerts,
                health,
                snapshots.build());
    }
}
