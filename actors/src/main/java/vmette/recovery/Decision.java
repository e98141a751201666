package vmette.recovery;

import java.time.Duration;
import java.util.List;
import vmette.config.Durations;

/** What follows a failure. */
public sealed interface Decision {
    /** Ids of snapshots that are not to be tried any more. */
    List<String> discard();

    /** One line for people, without a verb's subject: "restored from ..." */
    String text();

    /**
     * Another incarnation, from a cold boot.
     *
     * @param delay to wait before it begins
     */
    record RestartCold(Duration delay, List<String> discard) implements Decision {
        /** Copies what is given. */
        public RestartCold {
            discard = List.copyOf(discard);
        }

        @Override
        public String text() {
            return "cold boot " + when(delay);
        }
    }

    /**
     * Another incarnation, from a snapshot.
     *
     * @param snapshot which
     * @param rung {@link Rung#LAST_GOOD} or {@link Rung#GOLDEN}
     * @param delay to wait before it begins
     */
    record Restore(Snapshot snapshot, Rung rung, Duration delay, List<String> discard) implements Decision {
        /** Copies what is given. */
        public Restore {
            discard = List.copyOf(discard);
            if (rung == Rung.COLD) {
                throw new IllegalArgumentException("a cold boot restores nothing");
            }
        }

        @Override
        public String text() {
            return "restore of the " + (rung == Rung.GOLDEN ? "golden snapshot " : "snapshot ") + snapshot.id() + " "
                    + when(delay);
        }
    }

    /**
     * None. The failure goes to whoever waits for the VM.
     *
     * @param reason why, in one line
     */
    record GiveUp(String reason, List<String> discard) implements Decision {
        /** Copies what is given. */
        public GiveUp {
            discard = List.copyOf(discard);
        }

        @Override
        public String text() {
            return "given up: " + reason;
        }
    }

    private static String when(Duration delay) {
        return delay.isZero() ? "at once" : "in " + Durations.text(delay);
    }
}
