package vmette.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/**
 * What one VM is to be. Immutable; checked when it is built, as far as it can be without looking at the host.
 *
 * @param name the VM's name, unique within a runtime while it lives; empty: one is made up
 * @param kernel vmlinux or bzImage; empty: Debian's cloud kernel
 * @param initramfs the user's own, to which the agent is appended; empty: busybox
 * @param modules directory of the kernel's modules; empty: see {@code vmette.vm.modules}
 * @param cmdline replaces the tunable part of the kernel command line
 * @param exec what {@code Vmette.run} runs by {@code /bin/sh -c}
 * @param env environment of every command; names are POSIX identifiers
 * @param vcpus virtual processors, 1 to 255
 * @param memoryMib memory in MiB, at least {@value #LEAST_MEMORY_MIB}
 * @param timeout from launch, boot included, at most 248 days; zero: none
 * @param vsockPort negative: none; 0: a free one from 50000 to 59999; else the port the host listens on for the guest's programs
 * @param publish TCP ports of the host's loopback address that lead into the guest, in force before it boots
 * @param net a network card with the host's network behind it, by user-mode NAT; else there is none
 * @param netHostLoopback with it, whether the gateway's address leads to the host's loopback
 * @param rootfs what the guest's {@code /} is made of: a directory, an image or an archive, see docs/rootfs.md; empty: the initramfs
 * @param rootfsReadOnly writes to it fail with EROFS; else they go to an overlay and are discarded
 * @param rootfsImage a directory is made into a block image, cached by what is in it, instead of being shared
 * @param switchRoot commands' root by switch_root, with no way back to the initramfs, instead of chroot
 * @param shares directories of the host, each at {@code /mnt/TAG}
 * @param disks raw block images, in the order in which the guest numbers them
 * @param scratchMib size in MiB of an ext4 disk for what is written to {@code /} and {@code /tmp}, gone afterwards; 0: in memory
 */
public record VmSpec(
        Optional<String> name,
        Optional<Path> kernel,
        Optional<Path> initramfs,
        Optional<Path> modules,
        Optional<String> cmdline,
        Optional<String> exec,
        Map<String, String> env,
        int vcpus,
        long memoryMib,
        Duration timeout,
        int vsockPort,
        List<PublishedPort> publish,
        boolean net,
        boolean netHostLoopback,
        Optional<String> rootfs,
        boolean rootfsReadOnly,
        boolean rootfsImage,
        boolean switchRoot,
        List<Share> shares,
        List<Path> disks,
        long scratchMib) {

    /** Below this no distribution kernel gets as far as its first process. */
    public static final long LEAST_MEMORY_MIB = 64;

    /** Below this an ext4 file system has no room for anything. */
    public static final long LEAST_SCRATCH_MIB = 16;

    /** A PCI bus has 32 places, of which the machine's own devices, our own disks and one network card take some. */
    public static final int MOST_DISKS_AND_SHARES = 20;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");

    /** Checks what is given. */
    public VmSpec {
        name.ifPresent(given -> {
            if (!NAME.matcher(given).matches()) {
                throw Checks.refuse(
                        "name", given, "letters, digits, '-', '_' and '.', at most 63, a letter or digit first");
            }
        });
        cmdline.ifPresent(given -> noControls("cmdline", given));
        exec.ifPresent(given -> Checks.noNul("exec", given));
        env = Map.copyOf(new LinkedHashMap<>(env));
        env.forEach(Checks::environment);
        Checks.range("vcpus", vcpus, 1, 255);
        if (memoryMib < LEAST_MEMORY_MIB || memoryMib > Long.MAX_VALUE >> 20) {
            throw Checks.refuse("memory", memoryMib + " MiB", "at least " + LEAST_MEMORY_MIB + " MiB");
        }
        Checks.notNegative("timeout", timeout);
        publish = List.copyOf(publish);
        Set<Integer> hostPorts = new HashSet<>();
        for (PublishedPort port : publish) {
            if (port.hostPort() != 0 && !hostPorts.add(port.hostPort())) {
                throw new InvalidConfigException("publish names the host port " + port.hostPort()
                        + " twice: a host port leads to one guest port");
            }
        }
        if (netHostLoopback && !net) {
            throw new InvalidConfigException("net-host-loopback needs net: give both, or neither");
        }
        if (rootfsImage && rootfs.isEmpty()) {
            throw new InvalidConfigException("rootfs-image needs a rootfs: give one with it");
        }
        checkStorage(rootfs, rootfsReadOnly, switchRoot, shares, disks, scratchMib);
        shares = List.copyOf(shares);
        disks = List.copyOf(disks);
    }

    private static void checkStorage(
            Optional<String> rootfs,
            boolean rootfsReadOnly,
            boolean switchRoot,
            List<Share> shares,
            List<Path> disks,
            long scratchMib) {
        rootfs.ifPresent(given -> {
            Checks.noNul("rootfs", given);
            if (given.isBlank()) {
                throw Checks.refuse("rootfs", "''", "a directory, an image or an archive");
            }
        });
        if (rootfs.isEmpty() && (rootfsReadOnly || switchRoot)) {
            throw new InvalidConfigException(
                    (rootfsReadOnly ? "rootfs-read-only" : "switch-root") + " needs a rootfs: give one with it");
        }
        Set<String> tags = new HashSet<>();
        for (Share share : shares) {
            if (!tags.add(share.tag())) {
                throw new InvalidConfigException(
                        "the tag " + share.tag() + " names two shares: each needs a tag of its own");
            }
        }
        Checks.range("the number of disks and shares", disks.size() + shares.size(), 0, MOST_DISKS_AND_SHARES);
        if (scratchMib != 0 && (scratchMib < LEAST_SCRATCH_MIB || scratchMib > Long.MAX_VALUE >> 20)) {
            throw Checks.refuse(
                    "scratch", scratchMib + " MiB", "0 (in memory) or at least " + LEAST_SCRATCH_MIB + " MiB");
        }
    }

    private static void noControls(String key, String value) {
        if (value.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw Checks.refuse(key, value, "printable ASCII");
        }
    }

    /** A builder that begins with the defaults of {@code reference.conf}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with this specification. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    static VmSpec from(Section vm) {
        Builder builder = new Builder();
        vm.path("kernel").ifPresent(builder::kernel);
        vm.path("initramfs").ifPresent(builder::initramfs);
        vm.path("modules").ifPresent(builder::modules);
        if (!vm.text("cmdline").isEmpty()) {
            builder.cmdline(vm.text("cmdline"));
        }
        vm.texts("env").forEach(builder::env);
        vm.list("publish", PublishedPort::parse).forEach(builder::publish);
        if (!vm.text("rootfs").isEmpty()) {
            builder.rootfs(vm.text("rootfs"));
        }
        vm.list("shares", text -> Share.parse(text, false)).forEach(builder::share);
        vm.list("shares-read-only", text -> Share.parse(text, true)).forEach(builder::share);
        vm.list("disks", Section::expanded).forEach(builder::disk);
        return builder.vcpus(vm.integer("vcpus", 1, 255))
                .memoryMib(vm.mebibytes("memory", LEAST_MEMORY_MIB))
                .timeout(vm.duration("timeout", false))
                .vsockPort(vm.integer("vsock-port", Integer.MIN_VALUE, Integer.MAX_VALUE))
                .net(vm.flag("net"))
                .netHostLoopback(vm.flag("net-host-loopback"))
                .rootfsReadOnly(vm.flag("rootfs-read-only"))
                .rootfsImage(vm.flag("rootfs-image"))
                .switchRoot(vm.flag("switch-root"))
                .scratchMib(vm.mebibytes("scratch", 0))
                .build();
    }

    /** Builds a {@link VmSpec}. Not thread-safe. */
    public static final class Builder {
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

        private Builder() {}

        private Builder(VmSpec spec) {
            name = spec.name;
            kernel = spec.kernel;
            initramfs = spec.initramfs;
            modules = spec.modules;
            cmdline = spec.cmdline;
            exec = spec.exec;
            env.putAll(spec.env);
            vcpus = spec.vcpus;
            memoryMib = spec.memoryMib;
            timeout = spec.timeout;
            vsockPort = spec.vsockPort;
            publish.addAll(spec.publish);
            net = spec.net;
            netHostLoopback = spec.netHostLoopback;
            rootfs = spec.rootfs;
            rootfsReadOnly = spec.rootfsReadOnly;
            rootfsImage = spec.rootfsImage;
            switchRoot = spec.switchRoot;
            shares.addAll(spec.shares);
            disks.addAll(spec.disks);
            scratchMib = spec.scratchMib;
        }

        /** The VM's name. */
        public Builder name(String value) {
            name = Optional.of(value);
            return this;
        }

        /** vmlinux or bzImage. */
        public Builder kernel(Path value) {
            kernel = Optional.of(value);
            return this;
        }

        /** The user's own initramfs. */
        public Builder initramfs(Path value) {
            initramfs = Optional.of(value);
            return this;
        }

        /** Directory of the kernel's modules. */
        public Builder modules(Path value) {
            modules = Optional.of(value);
            return this;
        }

        /** Replaces the tunable part of the kernel command line. */
        public Builder cmdline(String value) {
            cmdline = Optional.of(value);
            return this;
        }

        /** What {@code Vmette.run} runs by {@code /bin/sh -c}. */
        public Builder exec(String value) {
            exec = Optional.of(value);
            return this;
        }

        /** One environment variable of every command. */
        public Builder env(String key, String value) {
            env.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /** Virtual processors, 1 to 255. */
        public Builder vcpus(int value) {
            vcpus = value;
            return this;
        }

        /** Memory in MiB. */
        public Builder memoryMib(long value) {
            memoryMib = value;
            return this;
        }

        /** From launch, boot included; zero: none. */
        public Builder timeout(Duration value) {
            timeout = Objects.requireNonNull(value, "timeout");
            return this;
        }

        /** See {@link VmSpec#vsockPort()}. */
        public Builder vsockPort(int value) {
            vsockPort = value;
            return this;
        }

        /** These ports instead of those so far. */
        public Builder publish(List<PublishedPort> values) {
            publish.clear();
            values.forEach(this::publish);
            return this;
        }

        /** One more TCP port of the host's loopback address that leads into the guest. */
        public Builder publish(PublishedPort value) {
            publish.add(Objects.requireNonNull(value, "publish"));
            return this;
        }

        /** As {@link #publish(PublishedPort)}: a host port, or 0 for any free one, and a guest port. */
        public Builder publish(int hostPort, int guestPort) {
            return publish(new PublishedPort(hostPort, guestPort));
        }

        /** See {@link VmSpec#net()}. */
        public Builder net(boolean value) {
            net = value;
            return this;
        }

        /** See {@link VmSpec#netHostLoopback()}. */
        public Builder netHostLoopback(boolean value) {
            netHostLoopback = value;
            return this;
        }

        /** See {@link VmSpec#rootfs()}. */
        public Builder rootfs(String value) {
            rootfs = Optional.of(value);
            return this;
        }

        /** A directory of the host as the guest's {@code /}. */
        public Builder rootfs(Path directory) {
            return rootfs(directory.toAbsolutePath().toString());
        }

        /** See {@link VmSpec#rootfsReadOnly()}. */
        public Builder rootfsReadOnly(boolean value) {
            rootfsReadOnly = value;
            return this;
        }

        /** See {@link VmSpec#rootfsImage()}. */
        public Builder rootfsImage(boolean value) {
            rootfsImage = value;
            return this;
        }

        /** See {@link VmSpec#switchRoot()}. */
        public Builder switchRoot(boolean value) {
            switchRoot = value;
            return this;
        }

        /** One more directory of the host that the guest sees at {@code /mnt/TAG}. */
        public Builder share(Share value) {
            shares.add(Objects.requireNonNull(value, "share"));
            return this;
        }

        /** As {@link #share(Share)}, read and written. */
        public Builder share(String tag, Path directory) {
            return share(new Share(tag, directory, false));
        }

        /** These directories instead of those so far. */
        public Builder shares(List<Share> values) {
            shares.clear();
            values.forEach(this::share);
            return this;
        }

        /** One more raw block image. */
        public Builder disk(Path value) {
            disks.add(Objects.requireNonNull(value, "disk"));
            return this;
        }

        /** These images instead of those so far. */
        public Builder disks(List<Path> values) {
            disks.clear();
            values.forEach(this::disk);
            return this;
        }

        /** See {@link VmSpec#scratchMib()}. */
        public Builder scratchMib(long value) {
            scratchMib = value;
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
                    rootfs,
                    rootfsReadOnly,
                    rootfsImage,
                    switchRoot,
                    shares,
                    disks,
                    scratchMib);
        }
    }
}
