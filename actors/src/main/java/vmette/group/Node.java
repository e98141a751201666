package vmette.group;

import java.util.Optional;
import vmette.config.RestartMode;

/** A VM or a group as its group sees it. Not for several threads. */
abstract sealed class Node permits VmNode, GroupNode {
    /** What is to become of that which runs. */
    enum Doom {
        NONE,
        /** It ends, and begins anew later. */
        HOLD,
        /** It ends for good. */
        STOP
    }

    private final String name;
    private boolean beenReady;
    private long restarts;
    private Optional<Over> over = Optional.empty();

    /**
     * It is not started by itself any more.
     *
     * @param failure why, if it should not be so
     * @param text the same or another reason, for people
     */
    record Over(Optional<Reason> failure, String text) {}

    Node(String name) {
        this.name = name;
    }

    final String name() {
        return name;
    }

    /** Whether it has been ready since its group was started: then it need not wait for its turn under one-for-one. */
    final boolean hasBeenReady() {
        return beenReady;
    }

    final void noteReady() {
        beenReady = true;
    }

    /** It takes its turn again. */
    final void forgetReady() {
        beenReady = false;
    }

    final long restarts() {
        return restarts;
    }

    final void countRestart() {
        restarts++;
    }

    final Optional<Over> over() {
        return over;
    }

    final void setOver(Over ended) {
        over = Optional.of(ended);
    }

    final void clearOver() {
        over = Optional.empty();
    }

    /** Takes over what another node of that name has been through. */
    final void inherit(Node former) {
        beenReady = former.beenReady;
        restarts = former.restarts;
        over = former.over;
    }

    abstract RestartMode mode();

    /** Has all of it end. */
    abstract void doom(Doom doom, Orders.Because why);

    /** Whether it ends as a whole and has not ended yet. */
    abstract boolean isComingDown();

    /** Whether nothing of it runs; of a VM that is held, its supervisor waits. */
    abstract boolean isGone();

    /** Whether those that come after it may be started. */
    abstract boolean isReady();

    /** Goes on with what is to end, from the right to the left; whether what lies to the left of it has to wait. */
    abstract boolean stopStep(Orders orders, Numbers numbers);

    /**
     * Starts what is to be started, as far as it is its turn.
     *
     * @param turn whether what has not been ready yet may be started as well: all that comes before it, in the groups around it too, is ready
     */
    abstract void startStep(Orders orders, Numbers numbers, boolean turn);

    abstract MemberStatus status();

    /** Counts orders. */
    static final class Numbers {
        private long last;

        long next() {
            return ++last;
        }
    }
}
