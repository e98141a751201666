package vmette.linux;

import java.io.IOException;

/** Transparent huge pages of what this process starts. */
public final class HugePages {
    /** linux/prctl.h; see PR_SET_THP_DISABLE in prctl(2). */
    private static final int PR_SET_THP_DISABLE = 41;

    private static final int PR_GET_THP_DISABLE = 42;

    private HugePages() {}

    /** Starts something. */
    @FunctionalInterface
    public interface Start<T> {
        /** Starts it. */
        T start() throws IOException;
    }

    /**
     * Starts a process that has no huge pages, whatever it wishes, nor have its children. The setting is inherited, so it is this process's own for as long as the
     * start takes: memory that is touched meanwhile comes in small pages. Where it cannot be made the process is started all the same.
     *
     * <p>By one thread at a time.
     */
    public static <T> T without(Start<T> start) throws IOException {
        boolean already = LibC.prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 0;
        if (already || LibC.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
            return start.start();
        }
        try {
            return start.start();
        } finally {
            LibC.prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
        }
    }
}
