package vmette.config;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
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
 * @param storage its file systems and disks
 * @param caCerts directory of the host with certificates that the guest's programs are to trust as well, read at each boot
 * @param health how it shows that it does what it is for; empty: nobody asks
 * @param snapshots what it has to do with snapshots
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
        StorageSpec storage,
        Optional<Path> caCerts,
        Optional<HealthCheck> health,
        SnapshotSpec snapshots) {

    /** Below this no distribution kernel gets as far as its first process. */
    public static final long LEAST_MEMORY_MIB = 64;

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
        Objects.requireNonNull(storage, "storage");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(snapshots, "snapshots").requireFits(storage);
    }

    private static void noControls(String key, String value) {
        if (value.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw Checks.refuse(key, value, "printable ASCII");
        }
    }

    /** A builder that begins with the defaults of {@code reference.conf}. */
    public static VmSpecBuilder builder() {
        return new VmSpecBuilder();
    }

    /** A builder that begins with this specification. */
    public VmSpecBuilder toBuilder() {
        return new VmSpecBuilder(this);
    }

    /**
     * Reads a section that has the keys of {@code vmette.vm}; what it does not say is as {@code reference.conf} has it.
     *
     * @param section resolved; keys that it should not have are not looked for
     * @param path where it stands, for messages
     * @throws InvalidConfigException naming the key, where it was set, the value and what is allowed
     */
    public static VmSpec from(Config section, String path) {
        return from(Section.like("vmette.vm", section, path));
    }

    static VmSpec from(Section vm) {
        VmSpecBuilder builder = new VmSpecBuilder();
        vm.path("kernel").ifPresent(builder::kernel);
        vm.path("initramfs").ifPresent(builder::initramfs);
        vm.path("modules").ifPresent(builder::modules);
        if (!vm.text("cmdline").isEmpty()) {
            builder.cmdline(vm.text("cmdline"));
        }
        vm.path("ca-certs").ifPresent(builder::caCerts);
        if (!vm.text("exec").isEmpty()) {
            builder.exec(vm.text("exec"));
        }
        vm.texts("env").forEach(builder::env);
        vm.list("publish", PublishedPort::parse).forEach(builder::publish);
        if (!vm.text("rootfs").isEmpty()) {
            builder.rootfs(vm.text("rootfs"));
        }
        vm.list("shares", text -> Share.parse(text, false)).forEach(builder::share);
        vm.list("shares-read-only", text -> Share.parse(text, true)).forEach(builder::share);
        vm.list("disks", Section::expanded).forEach(builder::disk);
        HealthCheck.from(vm.section("health")).ifPresent(builder::health);
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
                .snapshots(SnapshotSpec.from(vm))
                .build();
    }
}
