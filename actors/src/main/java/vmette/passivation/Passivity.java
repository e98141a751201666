package vmette.passivation;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * Where one VM stands between being used and being passive, and what follows from what happens. Pure but for the book it keeps; not for several threads.
 *
 * <pre>
 *   Down --ready--> Awake --idle for long--> Saving --gone, saved--> Passive --asked--> Waking --ready--> Awake
 *                     ^                        |  \                                       ^
 *                     +------not saved---------+   +--gone, saved, asked meanwhile--------+
 * </pre>
 *
 * Anything that is asked for while it is being saved is no reason to break that off: the save is nearly over and cannot be undone at every point of it. It waits,
 * and the VM wakes as soon as it is saved. What was begun before the save is a reason not to begin it.
 */
public final class Passivity {
    /** Where it stands. */
    public enum Phase {
        /** There is no incarnation that could be passivated. */
        DOWN,
        /** It runs. */
        AWAKE,
        /** It is being saved. */
        SAVING,
        /** There is nothing of it but its snapshot. */
        PASSIVE,
        /** It comes back. */
        WAKING
    }

    /** It is looked at so many times in the time that it may be idle for. */
    private static final int LOOKS = 10;

    private static final Step STAY = new Step.Stay();

    private final Duration after;
    private Phase phase = Phase.DOWN;
    private Instant idleSince = Instant.EPOCH;
    private long seen;
    /** Whether a stream was open when it was last looked at: when it closed since is not known. */
    private boolean wasOpen;

    private boolean asked;
    private boolean cannot;

    /** @param after how long nobody uses it before it is passivated; zero: it never is */
    public Passivity(Duration after) {
        this.after = Objects.requireNonNull(after, "after");
    }

    /** Where it stands. */
    public Phase phase() {
        return phase;
    }

    /** Whether what is asked of it has to wait here. */
    public boolean isAway() {
        return phase == Phase.SAVING || phase == Phase.PASSIVE || phase == Phase.WAKING;
    }

    /** An incarnation is ready. */
    public Step ready(Instant now) {
        phase = Phase.AWAKE;
        idleSince = now;
        seen = 0;
        wasOpen = false;
        asked = false;
        cannot = false;
        return lookAgain(now);
    }

    /** That goes on. */
    public Step look(Activity activity, Instant now) {
        if (phase != Phase.AWAKE || cannot) {
            return STAY;
        }
        if (wasOpen || activity.open() > 0 || activity.begun() != seen) {
            idleSince = now;
            // What is open is not counted while it is occupied.
            wasOpen = activity.open() > 0 || (wasOpen && activity.occupied());
            seen = activity.begun();
            return lookAgain(now);
        }
        if (activity.occupied() || untilIdle(now).compareTo(Duration.ZERO) > 0) {
            return lookAgain(now);
        }
        phase = Phase.SAVING;
        asked = false;
        return new Step.Save(seen);
    }

    /** Something is asked of it that it has to be up for. */
    public Step asked() {
        if (phase == Phase.SAVING) {
            asked = true;
        } else if (phase == Phase.PASSIVE) {
            phase = Phase.WAKING;
            return new Step.Wake();
        }
        return STAY;
    }

    /**
     * It was not saved, and goes on.
     *
     * @param forGood whether this incarnation cannot be; else somebody uses it
     */
    public Step notSaved(boolean forGood, Instant now) {
        if (phase != Phase.SAVING) {
            return STAY;
        }
        phase = Phase.AWAKE;
        idleSince = now;
        cannot = forGood;
        return new Step.GoOn();
    }

    /** When to look again at one that goes on. */
    public Step lookAgain(Instant now) {
        if (phase != Phase.AWAKE || after.isZero() || cannot) {
            return STAY;
        }
        Duration part = after.dividedBy(LOOKS);
        Duration rest = untilIdle(now);
        return new Step.Look(rest.compareTo(part) < 0 && rest.compareTo(Duration.ZERO) > 0 ? rest : part);
    }

    private Duration untilIdle(Instant now) {
        return after.minus(Duration.between(idleSince, now));
    }

    /** The incarnation is over, and was saved with its end. */
    public Step saved() {
        if (phase != Phase.SAVING) {
            return STAY;
        }
        phase = Phase.PASSIVE;
        return asked ? asked() : new Step.Rest();
    }

    /** The incarnation is over in another way, and another one may follow. One that was being woken still is. */
    public void lost() {
        phase = phase == Phase.WAKING ? Phase.WAKING : Phase.DOWN;
    }

    /** The VM is to end, or to boot anew. */
    public void down() {
        phase = Phase.DOWN;
    }
}
