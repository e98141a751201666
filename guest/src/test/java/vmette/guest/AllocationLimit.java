package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Callable;

/** Watches how much memory a decoder takes: what is only announced must cost nothing. */
public final class AllocationLimit {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** For messages and the like; far less than the largest frame or piece of a file. */
    private static final long SLACK = 768 * 1024;

    private AllocationLimit() {}

    /**
     * Calls and checks that no more than so many bytes were allocated on the way, and a little. What takes more is called
     * again: the first time classes are loaded, and instrumented when fuzzing.
     */
    public static <T> T allocating(long limit, Callable<T> call) {
        long allocated = 0;
        T result = null;
        for (int i = 0; i < 3 && (i == 0 || allocated > limit + SLACK); i++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try {
                result = call.call();
            } catch (Exception e) {
                throw new AssertionError("not one of the failures that are due", e);
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("bytes allocated").isLessThanOrEqualTo(limit + SLACK);
        return result;
    }
}
