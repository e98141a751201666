package vmette.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * What one VM has to do with snapshots.
 *
 * @param build the VM is booted, warmed up, saved there, and ended; not with {@code resume}
 * @param resume the VM is restored from there instead of being booted
 * @param guestVsockPort on which the guest of a snapshot serves commands, 1 to 2147483647; a snapshot is only restored with the one it was
 *     built with
 * @param warmUp a command line for {@code /bin/sh -c} that is run before a template is saved
 * @param saveable the VM must be able to be saved, and does not start if it could not be; else it can be where there is room for it
 * @param golden a snapshot is taken when the VM is ready for the first time, if there is none, and failures are recovered from it
 * @param checkpointInterval from one snapshot of the VM that runs to the next; zero: none are taken
 * @param checkpointKeep so many of them are kept, the last ones, 1 to {@value #MOST_KEPT}
 * @param checkpointWhileStreamsOpen one is taken even while connections are open, which end with it; else it waits until there are none
 * @param passivateAfter a VM that nobody has used for so long is saved and stopped, and wakes when it is wanted; zero: never, else at least a second
 */
public record SnapshotSpec(
        Optional<Path> build,
        Optional<Path> resume,
        int guestVsockPort,
        Optional<String> warmUp,
        boolean saveable,
        boolean golden,
        Duration checkpointInterval,
        int checkpointKeep,
        boolean checkpointWhileStreamsOpen,
        Duration passivateAfter) {
    /** Where the guest of a snapshot serves commands, unless told otherwise. */
    public static final int GUEST_VSOCK_PORT = 1025;

    /** Beyond it nobody finds the one that is meant. */
    public static final int MOST_KEPT = 100;

    /** As in {@code reference.conf}: nothing is saved, nor restored. */
    public static final SnapshotSpec NONE = new SnapshotSpec(
            Optional.empty(),
            Optional.empty(),
            GUEST_VSOCK_PORT,
            Optional.empty(),
            false,
            false,
            Duration.ZERO,
            3,
            false,
            Duration.ZERO);

    /** Each passivation is a save: less is never worth it. */
    private static final Duration LEAST_IDLE = Duration.ofSeconds(1);

    /** Checks what is given. */
    public SnapshotSpec {
        build.ifPresent(given -> path("build-snapshot", given));
        resume.ifPresent(given -> path("resume-snapshot", given));
        if (build.isPresent() && resume.isPresent()) {
            throw new InvalidConfigException("build-snapshot and resume-snapshot exclude each other: a VM is saved as "
                    + build.get() + ", or restored from " + resume.get() + "; leave one of them out");
        }
        Checks.range("guest-vsock-port", guestVsockPort, 1, Integer.MAX_VALUE);
        warmUp.ifPresent(given -> {
            Checks.noNul("snapshot.warm-up", given);
            if (given.isBlank()) {
                throw Checks.refuse("snapshot.warm-up", "'" + given + "'", "a command line");
            }
        });
        Checks.notNegative("snapshot.checkpoint-interval", checkpointInterval);
        Checks.range("snapshot.checkpoint-keep", checkpointKeep, 1, MOST_KEPT);
        Checks.notNegative("snapshot.passivate-after", passivateAfter);
        if (!passivateAfter.isZero() && passivateAfter.compareTo(LEAST_IDLE) < 0) {
            throw Checks.refuse(
                    "snapshot.passivate-after", Durations.text(passivateAfter), "0 (never), or 1s and more");
        }
    }

    private static void path(String key, Path given) {
        if (given.toString().isBlank()) {
            throw Checks.refuse(key, "'" + given + "'", "a path");
        }
    }

    static SnapshotSpec from(Section vm) {
        Section section = vm.section("snapshot");
        return new SnapshotSpec(
                vm.path("build-snapshot"),
                vm.path("resume-snapshot"),
                vm.integer("guest-vsock-port", 1, Integer.MAX_VALUE),
                Optional.of(section.text("warm-up")).filter(text -> !text.isEmpty()),
                section.flag("saveable"),
                section.flag("golden"),
                section.duration("checkpoint-interval", false),
                section.integer("checkpoint-keep", 1, MOST_KEPT),
                section.flag("checkpoint-while-streams-open"),
                section.duration("passivate-after", false));
    }

    /** A builder that begins with {@link #NONE}. */
    public static SnapshotSpecBuilder builder() {
        return new SnapshotSpecBuilder(NONE);
    }

    /** A builder that begins with this. */
    public SnapshotSpecBuilder toBuilder() {
        return new SnapshotSpecBuilder(this);
    }

    /** Whether the VM cannot be what it is to be unless it can be saved. */
    public boolean needsSaving() {
        return build.isPresent() || saveable || golden || !checkpointInterval.isZero();
    }

    /** Refuses disks and shares of the user with snapshots: what is in them goes on changing while a snapshot does not. */
    void requireFits(StorageSpec storage) {
        if (!needsSaving() && resume.isEmpty()) {
            return;
        }
        Optional<String> outside = storage.shares().stream()
                .map(share -> "the share " + share.tag())
                .findFirst()
                .or(() ->
                        storage.disks().stream().map(disk -> "the disk " + disk).findFirst());
        if (outside.isPresent()) {
            throw new InvalidConfigException(
                    asked() + " does not go with " + outside.get()
                            + ", which is outside of what is saved: leave one of them out, and copy files into the guest instead");
        }
    }

    private String asked() {
        if (build.isPresent() || resume.isPresent()) {
            return build.isPresent() ? "build-snapshot" : "resume-snapshot";
        }
        if (saveable || golden) {
            return saveable ? "snapshot.saveable" : "snapshot.golden";
        }
        return "snapshot.checkpoint-interval";
    }
}
