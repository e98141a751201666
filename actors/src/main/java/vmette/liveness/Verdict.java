package vmette.liveness;

import java.time.Duration;

/** What a VM is taken for. The last three are final. */
public sealed interface Verdict {
    /** It was heard of, or is paused. */
    record Alive() implements Verdict {}

    /** It is silent, and not for long enough to be given up. */
    record Swamped(Silence silence) implements Verdict {}

    /**
     * Somebody stopped its monitor.
     *
     * @param seen for how long it has been seen so
     */
    record Stopped(Silence silence, Duration seen) implements Verdict {}

    /** Its monitor is not stopped and uses no processor time. */
    record Dead(Silence silence) implements Verdict {}

    /** Its monitor works and the guest says nothing. */
    record Hung(Silence silence) implements Verdict {}

    /** Whether the VM is to be ended for it. */
    default boolean isFinal() {
        return !(this instanceof Alive || this instanceof Swamped);
    }
}
