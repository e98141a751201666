package vmette.config.fleet;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import vmette.config.HealthCheck;
import vmette.config.RecoverySettings;
import vmette.config.Share;
import vmette.config.SnapshotSpec;
import vmette.config.StorageSpec;
import vmette.config.VmSpec;

/** A VM as keys and texts, for telling what differs. */
final class PlanKeys {
    private static final String SECRET = "(not shown)";

    private final SortedMap<String, String> texts = new TreeMap<>();

    private PlanKeys(VmPlan vm) {
        spec(vm.spec());
        storage(vm.spec().storage());
        recovery(vm.recovery());
        put("group", vm.group());
        vm.run().ifPresent(this::run);
    }

    static List<Difference> differences(VmPlan from, VmPlan to) {
        SortedMap<String, String> before = new PlanKeys(from).texts;
        SortedMap<String, String> after = new PlanKeys(to).texts;
        SortedSet<String> keys = new TreeSet<>(before.keySet());
        keys.addAll(after.keySet());
        List<Difference> differences = new ArrayList<>();
        for (String key : keys) {
            if (!Objects.equals(before.get(key), after.get(key))) {
                differences.add(new Difference(key, shown(key, before.get(key)), shown(key, after.get(key))));
            }
        }
        return differences;
    }

    private static Optional<String> shown(String key, String text) {
        boolean secret = key.startsWith("env.") || key.startsWith("run.env.");
        return Optional.ofNullable(text).map(value -> secret ? SECRET : value);
    }

    private void spec(VmSpec spec) {
        put("kernel", spec.kernel());
        put("initramfs", spec.initramfs());
        put("modules", spec.modules());
        put("cmdline", spec.cmdline());
        put("exec", spec.exec());
        env("env.", spec.env());
        put("vcpus", spec.vcpus());
        put("memory", spec.memoryMib() + "MiB");
        put("timeout", spec.timeout());
        put("vsock-port", spec.vsockPort());
        put("publish", spec.publish());
        put("net", spec.net());
        put("net-host-loopback", spec.netHostLoopback());
        put("ca-certs", spec.caCerts());
        spec.health().ifPresent(this::health);
        snapshots(spec.snapshots());
    }

    private void snapshots(SnapshotSpec snapshots) {
        put("build-snapshot", snapshots.build());
        put("resume-snapshot", snapshots.resume());
        put("guest-vsock-port", snapshots.guestVsockPort());
        put("snapshot.warm-up", snapshots.warmUp());
        put("snapshot.saveable", snapshots.saveable());
        put("snapshot.golden", snapshots.golden());
        put("snapshot.checkpoint-interval", snapshots.checkpointInterval());
        put("snapshot.checkpoint-keep", snapshots.checkpointKeep());
        put("snapshot.checkpoint-while-streams-open", snapshots.checkpointWhileStreamsOpen());
        put("snapshot.passivate-after", snapshots.passivateAfter());
    }

    private void health(HealthCheck check) {
        put("health.exec", check.exec());
        put("health.port", check.port());
        put("health.interval", check.interval());
        put("health.timeout", check.timeout());
        put("health.retries", check.retries());
        put("health.start-period", check.startPeriod());
    }

    private void storage(StorageSpec storage) {
        put("rootfs", storage.rootfs());
        put("rootfs-read-only", storage.rootfsReadOnly());
        put("rootfs-image", storage.rootfsImage());
        put("switch-root", storage.switchRoot());
        // Of both lists in one, since the order of all of them counts.
        put("shares", storage.shares().stream().map(PlanKeys::share).toList());
        put("disks", storage.disks().stream().map(Path::toString).toList());
        put("scratch", storage.scratchMib() + "MiB");
    }

    private static String share(Share share) {
        return share.tag() + "=" + share.path() + (share.readOnly() ? " (read-only)" : "");
    }

    private void recovery(RecoverySettings recovery) {
        put("recovery.mode", recovery.mode().name().toLowerCase(Locale.ROOT));
        put("recovery.max-restarts", recovery.maxRestarts());
        put("recovery.within", recovery.within());
        put("recovery.backoff.min", recovery.backoff().min());
        put("recovery.backoff.max", recovery.backoff().max());
        put("recovery.backoff.jitter", recovery.backoff().jitter());
        put("recovery.stable-after", recovery.stableAfter());
        put("recovery.restore-attempts", recovery.restoreAttempts());
    }

    private void run(Service run) {
        put("run.command", run.arguments().isEmpty() ? "the image's" : run.arguments());
        env("run.env.", run.env());
        put("run.directory", run.directory());
        put("run.user", run.user());
    }

    private void env(String prefix, Map<String, String> env) {
        env.forEach((name, value) -> texts.put(prefix + name, value));
    }

    private void put(String key, Object value) {
        if (value instanceof Optional<?> optional) {
            optional.ifPresent(present -> texts.put(key, present.toString()));
        } else {
            texts.put(key, value.toString());
        }
    }
}
