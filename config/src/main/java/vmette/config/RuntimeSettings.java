package vmette.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * The runtime's settings: the {@code vmette} section of a configuration, read eagerly and checked.
 *
 * @param cacheDir where guest assets are kept between runs
 * @param runtimeDir where VMs' sockets live, or empty: chosen by the runtime
 * @param qemu the emulator
 * @param bootDeadline from launch to ready, positive
 * @param exec the end of a command's life
 * @param vsock the vsock device
 * @param forward TCP connections into the guest
 * @param net what is behind network cards
 * @param rootfs where roots come from
 * @param recovery what follows the failure of a VM
 * @param liveness when a VM that is silent is taken for lost
 * @param admission how many VMs may start at once, and how much memory all may have
 * @param events what programs are told of VMs
 * @param log what VMs' services write
 * @param metrics meters for Prometheus
 * @param snapshot where snapshots are
 * @param vm what a VM gets where its specification does not say
 */
public record RuntimeSettings(
        Path cacheDir,
        Optional<Path> runtimeDir,
        QemuSettings qemu,
        Duration bootDeadline,
        ExecSettings exec,
        VsockSettings vsock,
        ForwardSettings forward,
        NetSettings net,
        RootfsSettings rootfs,
        RecoverySettings recovery,
        LivenessSettings liveness,
        AdmissionSettings admission,
        EventsSettings events,
        LogSettings log,
        MetricsSettings metrics,
        SnapshotSettings snapshot,
        VmSpec vm) {

    /** Checks what is given. */
    public RuntimeSettings {
        Objects.requireNonNull(cacheDir, "cacheDir");
        Checks.positive("boot.deadline", bootDeadline);
    }

    /** The settings of {@code application.conf}, system properties and {@code reference.conf}, as Akka reads them. */
    public static RuntimeSettings load() {
        try {
            return from(ConfigFactory.load());
        } catch (ConfigException e) {
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads settings.
     *
     * @param config a resolved root configuration that falls back to {@code reference.conf}
     * @throws InvalidConfigException naming the key, where it was set, the value and what is allowed
     */
    public static RuntimeSettings from(Config config) {
        Section root = Section.of(config, "vmette");
        root.refuseUnknownKeys();
        PoolSettings.from(root.section("pool"));
        PoolPlan.all(config);
        Section qemu = root.section("qemu");
        Section exec = root.section("exec");
        Section vsock = root.section("vsock");
        Section forward = root.section("forward");
        Path cacheDir = root.path("cache-dir").orElseGet(RuntimeSettings::defaultCacheDir);
        return new RuntimeSettings(
                cacheDir,
                root.path("runtime-dir"),
                new QemuSettings(
                        qemu.path("binary"),
                        qemu.oneOf("accelerator", AcceleratorChoice.class),
                        qemu.duration("start-timeout", true)),
                root.section("boot").duration("deadline", true),
                new ExecSettings(
                        exec.duration("output-grace", false),
                        exec.duration("kill-grace", false),
                        exec.duration("claim-timeout", true),
                        (int) exec.bytes("replay-buffer", ExecSpec.Replay.MIN_BYTES, ExecSpec.Replay.MAX_BYTES)),
                new VsockSettings(
                        vsock.integer("loops", 1, 64),
                        (int) vsock.bytes("buf-alloc", 16 << 10, 16 << 20),
                        vsock.bytes("vm-budget", 16 << 10, Long.MAX_VALUE),
                        vsock.bytes("process-budget", 16 << 10, Long.MAX_VALUE),
                        vsock.integer("max-connections", 1, 65536),
                        vsock.integer("backlog", 1, 65536),
                        vsock.duration("accept-timeout", true),
                        vsock.duration("connect-timeout", true),
                        vsock.duration("shutdown-timeout", true)),
                new ForwardSettings(
                        forward.duration("connect-timeout", true),
                        forward.integer("max-connections", 1, ForwardSettings.MOST_CONNECTIONS),
                        forward.integer("backlog", 1, 65535)),
                new NetSettings(
                        root.section("net").oneOf("backend", NetBackend.class),
                        root.section("net").path("passt")),
                new RootfsSettings(
                        root.section("rootfs").bytes("max-size", 1 << 20, Long.MAX_VALUE),
                        root.section("rootfs").flag("offline"),
                        root.section("rootfs").duration("tag-ttl", false)),
                RecoverySettings.from(root.section("recovery")),
                LivenessSettings.from(root.section("liveness")),
                AdmissionSettings.from(root.section("admission")),
                EventsSettings.from(root.section("events")),
                LogSettings.from(root.section("log")),
                MetricsSettings.from(root.section("metrics")),
                SnapshotSettings.from(root.section("snapshot"), cacheDir),
                VmSpec.from(root.section("vm")));
    }

    /** Without the network for root file systems. */
    public RuntimeSettings offline() {
        return new RuntimeSettings(
                cacheDir,
                runtimeDir,
                qemu,
                bootDeadline,
                exec,
                vsock,
                forward,
                net,
                new RootfsSettings(rootfs.maxSize(), true, rootfs.tagTtl()),
                recovery,
                liveness,
                admission,
                events,
                log,
                metrics,
                snapshot,
                vm);
    }

    private static Path defaultCacheDir() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base =
                xdg != null && xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("vmette");
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "RuntimeSettings[cacheDir=%s, qemu=%s, vsock=%s]", cacheDir, qemu, vsock);
    }
}
