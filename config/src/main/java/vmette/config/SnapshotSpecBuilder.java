package vmette.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/** Builds a {@link SnapshotSpec}. Not thread-safe. */
public final class SnapshotSpecBuilder {
    private Optional<Path> build;
    private Optional<Path> resume;
    private int guestVsockPort;
    private Optional<String> warmUp;
    private boolean saveable;
    private boolean golden;
    private Duration checkpointInterval;
    private int checkpointKeep;
    private boolean checkpointWhileStreamsOpen;
    private Duration passivateAfter;

    SnapshotSpecBuilder(SnapshotSpec spec) {
        build = spec.build();
        resume = spec.resume();
        guestVsockPort = spec.guestVsockPort();
        warmUp = spec.warmUp();
        saveable = spec.saveable();
        golden = spec.golden();
        checkpointInterval = spec.checkpointInterval();
        checkpointKeep = spec.checkpointKeep();
        checkpointWhileStreamsOpen = spec.checkpointWhileStreamsOpen();
        passivateAfter = spec.passivateAfter();
    }

    /** Where the VM is saved; see {@link SnapshotSpec#build()}. */
    public SnapshotSpecBuilder buildAt(Path value) {
        build = Optional.of(value);
        return this;
    }

    /** What the VM is restored from; see {@link SnapshotSpec#resume()}. */
    public SnapshotSpecBuilder resumeFrom(Path value) {
        resume = Optional.of(value);
        return this;
    }

    /** See {@link SnapshotSpec#guestVsockPort()}. */
    public SnapshotSpecBuilder guestVsockPort(int value) {
        guestVsockPort = value;
        return this;
    }

    /** See {@link SnapshotSpec#warmUp()}. */
    public SnapshotSpecBuilder warmUp(String value) {
        warmUp = Optional.of(value);
        return this;
    }

    /** See {@link SnapshotSpec#saveable()}. */
    public SnapshotSpecBuilder saveable(boolean value) {
        saveable = value;
        return this;
    }

    /** See {@link SnapshotSpec#golden()}. */
    public SnapshotSpecBuilder golden(boolean value) {
        golden = value;
        return this;
    }

    /** See {@link SnapshotSpec#checkpointInterval()}. */
    public SnapshotSpecBuilder checkpointInterval(Duration value) {
        checkpointInterval = Objects.requireNonNull(value, "checkpointInterval");
        return this;
    }

    /** See {@link SnapshotSpec#checkpointKeep()}. */
    public SnapshotSpecBuilder checkpointKeep(int value) {
        checkpointKeep = value;
        return this;
    }

    /** See {@link SnapshotSpec#checkpointWhileStreamsOpen()}. */
    public SnapshotSpecBuilder checkpointWhileStreamsOpen(boolean value) {
        checkpointWhileStreamsOpen = value;
        return this;
    }

    /** See {@link SnapshotSpec#passivateAfter()}. */
    public SnapshotSpecBuilder passivateAfter(Duration value) {
        passivateAfter = Objects.requireNonNull(value, "passivateAfter");
        return this;
    }

    /**
     * What was said.
     *
     * @throws InvalidConfigException naming the value and what is allowed
     */
    public SnapshotSpec build() {
        return new SnapshotSpec(
                build,
                resume,
                guestVsockPort,
                warmUp,
                saveable,
                golden,
                checkpointInterval,
                checkpointKeep,
                checkpointWhileStreamsOpen,
                passivateAfter);
    }
}
