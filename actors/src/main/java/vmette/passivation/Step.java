package vmette.passivation;

import java.time.Duration;

/** What is to be done now. */
public sealed interface Step {
    /** Nothing. */
    record Stay() implements Step {}

    /** Look what goes on, after so long. */
    record Look(Duration in) implements Step {}

    /**
     * Save the VM so that it ends with it, unless something has been begun since the look. Whatever is asked of it from now on waits.
     *
     * @param begun as {@link Activity#begun} was
     */
    record Save(long begun) implements Step {}

    /** It was not saved and goes on: what waits goes on. */
    record GoOn() implements Step {}

    /** It is passive: its resources are free. */
    record Rest() implements Step {}

    /** It is wanted: restore it. */
    record Wake() implements Step {}
}
