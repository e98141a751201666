package vmette.control;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** A fleet that clients of the control socket change and end. Thread-safe. */
public interface ControlledFleet {
    /** What it is called. */
    String name();

    /** The file that it came from, absolute. */
    Path file();

    /**
     * Its VMs as they stand in it, launched or not: {@code name}, {@code group}, {@code state} for those that were not launched yet, or were {@code given-up}, and the
     * {@code reason} of these.
     */
    List<Facts> members();

    /** A change that has not been made. */
    interface Change {
        /** What would be done, a step each, as {@code docs/control.md} has it. */
        List<Facts> steps();

        /** Whether there is nothing to do. */
        boolean isEmpty();

        /**
         * Makes it; refused if another was made since.
         *
         * @return completes when the fleet is as it is to be
         */
        CompletionStage<?> apply();
    }

    /**
     * Compares.
     *
     * @param configuration what the fleet is to be, in JSON, at most {@value Nesting#MOST} sections deep
     * @throws vmette.errors.InvalidConfigException with its mistakes
     */
    Change plan(String configuration);

    /** Ends a VM or a group of it and begins that anew; empty if it has none of that name. */
    Optional<CompletionStage<?>> restart(String name);

    /** Ends it, in the reverse order of its start; completes when nothing of it is left. */
    CompletionStage<?> down();
}
