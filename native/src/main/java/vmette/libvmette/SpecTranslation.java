package vmette.libvmette;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import vmette.config.Share;
import vmette.config.SnapshotSpec;
import vmette.config.StorageSpec;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/** From a specification to a config of the ABI; refuses, before anything starts, what would be lost on the way. */
final class SpecTranslation {
    /** C has no NULL for these; ours takes the empty text for what it finds itself. */
    private static final String THE_LIBRARYS = "";

    private final String vm;
    private final VmSpec spec;

    SpecTranslation(String vm, VmSpec spec) {
        this.vm = vm;
        this.spec = spec;
    }

    RunConfig translate() {
        refuseWhatTheAbiLacks();
        StorageSpec storage = spec.storage();
        SortedMap<String, String> shares = new TreeMap<>();
        for (Share share : storage.shares()) {
            shares.put(share.tag(), directory("share " + share.tag(), share.path()));
        }
        return new RunConfig(
                spec.kernel().map(file -> file("kernel", file)).orElse(THE_LIBRARYS),
                spec.initramfs().map(file -> file("initramfs", file)).orElse(THE_LIBRARYS),
                spec.cmdline(),
                storage.rootfs().map(this::root),
                storage.rootfsReadOnly(),
                shares,
                new TreeMap<>(spec.env()),
                storage.disks().stream().map(disk -> file("disk", disk)).toList(),
                spec.exec(),
                spec.net(),
                storage.switchRoot(),
                spec.vsockPort(),
                spec.snapshots().guestVsockPort(),
                seconds(spec.timeout()),
                spec.vcpus(),
                spec.memoryMib(),
                storage.scratchMib(),
                spec.snapshots().build().map(path -> absolute(path)),
                spec.snapshots().resume().map(path -> absolute(path)));
    }

    private void refuseWhatTheAbiLacks() {
        SnapshotSpec snapshots = spec.snapshots();
        refuseIf(spec.modules().isPresent(), "modules");
        refuseIf(!spec.publish().isEmpty(), "publish");
        refuseIf(spec.netHostLoopback(), "net-host-loopback");
        refuseIf(spec.caCerts().isPresent(), "ca-certs");
        refuseIf(spec.health().isPresent(), "health");
        refuseIf(spec.storage().rootfsImage(), "rootfs-image");
        refuseIf(spec.storage().shares().stream().anyMatch(Share::readOnly), "shares-read-only");
        refuseIf(snapshots.warmUp().isPresent(), "snapshot.warm-up");
        refuseIf(snapshots.saveable(), "snapshot.saveable");
        refuseIf(snapshots.golden(), "snapshot.golden");
        refuseIf(!snapshots.checkpointInterval().isZero(), "snapshot.checkpoint-interval");
        refuseIf(!snapshots.passivateAfter().isZero(), "snapshot.passivate-after");
        if (spec.exec().isEmpty() && snapshots.build().isEmpty()) {
            throw refusal("needs exec: without it the ABI runs a shell on its process's terminal, and that has none");
        }
    }

    private void refuseIf(boolean asked, String key) {
        if (asked) {
            throw refusal("cannot have " + key + ": the C ABI has no function for it; leave it out, or use QEMU");
        }
    }

    private InvalidConfigException refusal(String why) {
        return new InvalidConfigException("VM " + vm + " is to run through libvmette and " + why);
    }

    private String root(String rootfs) {
        String expanded = rootfs.startsWith("~/") ? System.getProperty("user.home") + rootfs.substring(1) : rootfs;
        try {
            return directory("rootfs", Path.of(expanded));
        } catch (InvalidPathException e) {
            throw refusal("cannot have the rootfs " + rootfs + ": " + e.getMessage());
        }
    }

    private String directory(String what, Path path) {
        if (!Files.isDirectory(path)) {
            throw refusal("cannot have the " + what + " " + path + ": it is no directory of this host, and the ABI "
                    + "takes nothing else");
        }
        return absolute(path);
    }

    private String file(String what, Path path) {
        if (!Files.isReadable(path) || Files.isDirectory(path)) {
            throw refusal("cannot have the " + what + " " + path + ": it is no file that this user can read");
        }
        return absolute(path);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    /** Rounded up: nobody gets less time than he asked for, and a moment is not none. */
    private static long seconds(Duration timeout) {
        return timeout.toSeconds() + (timeout.toNanosPart() == 0 ? 0 : 1);
    }
}
