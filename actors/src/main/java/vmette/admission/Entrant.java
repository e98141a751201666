package vmette.admission;

import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import vmette.config.WhenFull;

/** A VM on its way in, as {@link AdmissionQueue} keeps book of it. One object is one VM; not for several threads. */
final class Entrant {
    /** Where it stands. */
    enum Stage {
        /** It has asked for nothing, or what it asked for is settled. */
        OUTSIDE,
        /** It waits. */
        WAITING,
        /** It comes up. */
        STARTING
    }

    final String vm;
    final String group;
    final long memoryMib;
    final WhenFull whenFull;
    Stage stage = Stage.OUTSIDE;
    /** Whether its memory is counted. */
    boolean reserved;
    /** Whether it has been let in before. */
    boolean known;

    Instant since = Instant.EPOCH;
    /** How many others have been let in that came after it. */
    int passedOver;

    private CompletableFuture<Void> asked;

    /**
     * @param vm its name
     * @param group whose turns it shares
     * @param memoryMib all that it takes of the host, above 0
     */
    Entrant(String vm, String group, long memoryMib, WhenFull whenFull) {
        this.vm = Objects.requireNonNull(vm);
        this.group = Objects.requireNonNull(group);
        this.memoryMib = memoryMib;
        this.whenFull = Objects.requireNonNull(whenFull);
    }

    /** What is settled by the next verdict on it. */
    void ask(CompletableFuture<Void> promise) {
        asked = promise;
    }

    CompletableFuture<Void> takeAsked() {
        CompletableFuture<Void> taken = asked;
        asked = null;
        return taken;
    }
}
