package vmette.reclaim;

import java.lang.ref.Cleaner;

/** One thread that gives back what unreachable owners had; it begins with the first of them. Thread-safe. */
public final class Reclaim {
    private static final Cleaner CLEANER = Cleaner.create();

    private Reclaim() {}

    /**
     * Has it given back once: when the owner says so, or when nobody has the owner any more.
     *
     * @param giveBack must not hold the owner, and must not block
     */
    public static Cleaner.Cleanable of(Object owner, Runnable giveBack) {
        return CLEANER.register(owner, giveBack);
    }
}
