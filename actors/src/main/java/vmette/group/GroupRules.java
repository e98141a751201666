package vmette.group;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import vmette.config.RestartMode;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.Strategy;

/**
 * What follows the end of a group's child. Pure: what is the same in is the same out.
 *
 * @param strategy what it means for the other children
 * @param maxRestarts the most within the period; one more is a failure of the group
 * @param within the period
 * @param escalates whether a child that has failed for good is a failure of the group; where not, it is over and that is all
 */
public record GroupRules(Strategy strategy, int maxRestarts, Duration within, boolean escalates) {
    /** Of what belongs to no group: each stands by itself. */
    static final GroupRules OF_NO_GROUP =
            new GroupRules(Strategy.ONE_FOR_ONE, Integer.MAX_VALUE, Duration.ofDays(1), false);

    /**
     * A child as these rules see it.
     *
     * @param mode which of its ends are followed by another start
     * @param there whether anything of it runs, comes up or goes down
     * @param over whether it has ended and is not to be started again by itself
     */
    public record Child(RestartMode mode, boolean there, boolean over) {}

    /** How a child ended. */
    public enum Ending {
        /** It failed, and can be started again. */
        FAILED,
        /** It failed for good, after it had been ready. */
        FAILED_FOR_GOOD,
        /** It failed for good before it was ever ready. */
        NEVER_READY,
        /** As it should, or as its owner wanted. */
        ENDED
    }

    /** What follows. */
    public sealed interface Verdict {
        /** Nothing: the child is over, and concerns nobody. */
        record LetBe() implements Verdict {}

        /**
         * A restart.
         *
         * @param stop indices of children, in the order of stopping: the reverse one
         * @param start indices of children, in the order of starting; those of {@code stop} that are not among them are not started again
         */
        record Restart(List<Integer> stop, List<Integer> start) implements Verdict {
            /** Copies what is given. */
            public Restart {
                stop = List.copyOf(stop);
                start = List.copyOf(start);
            }
        }

        /**
         * The group has failed itself.
         *
         * @param reason why, in a few words
         */
        record Escalate(String reason) implements Verdict {}
    }

    /** Checks what is given. */
    public GroupRules {
        Objects.requireNonNull(strategy, "strategy");
        if (maxRestarts < 0 || within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException("at most " + maxRestarts + " within " + within);
        }
    }

    /** Those of a deployment's group. */
    public static GroupRules of(GroupPlan plan) {
        return new GroupRules(plan.strategy(), plan.maxRestarts(), plan.within(), true);
    }

    /**
     * Decides.
     *
     * @param children in the order in which they are started
     * @param failed the index of the one that ended; nothing of it runs
     * @param past restarts before
     * @param now by a clock that never goes back
     */
    public Verdict decide(List<Child> children, int failed, Ending ending, Restarts past, Instant now) {
        if (ending == Ending.ENDED || children.get(failed).mode() == RestartMode.TEMPORARY) {
            return new Verdict.LetBe();
        }
        if (ending != Ending.FAILED) {
            return isLeftAlone(ending) ? new Verdict.LetBe() : new Verdict.Escalate("a child of it failed for good");
        }
        if (past.since(now.minus(within)) >= maxRestarts) {
            return new Verdict.Escalate(
                    "more than " + maxRestarts + " restarts within " + Words.of(within) + " (max-restarts, within)");
        }
        List<Integer> stop = new ArrayList<>();
        List<Integer> start = new ArrayList<>();
        for (int i = 0; i < children.size(); i++) {
            Child child = children.get(i);
            if (i == failed) {
                start.add(i);
            } else if (isConcerned(i, failed)) {
                if (child.there()) {
                    stop.add(i);
                }
                if (child.mode() != RestartMode.TEMPORARY || (!child.there() && !child.over())) {
                    start.add(i);
                }
            }
        }
        Collections.reverse(stop);
        return new Verdict.Restart(stop, start);
    }

    /** One that could not even be launched is no news to siblings that it does not concern. */
    private boolean isLeftAlone(Ending ending) {
        return !escalates || (ending == Ending.NEVER_READY && strategy == Strategy.ONE_FOR_ONE);
    }

    private boolean isConcerned(int child, int failed) {
        return switch (strategy) {
            case ONE_FOR_ONE -> false;
            case ONE_FOR_ALL -> true;
            case REST_FOR_ONE -> child > failed;
        };
    }
}
