package vmette.linux;

/**
 * A thread that waits for file descriptors and calls back when they are readable, level-triggered. All methods are
 * called on that thread.
 */
public interface ReadinessLoop {
    /** What happens when a descriptor is readable, at end of file or in error. */
    @FunctionalInterface
    interface Ready {
        /** Called on the loop's thread; a Throwable that leaves it ends the whole loop. */
        void onReady();
    }

    /**
     * Begins to watch a descriptor. The caller keeps it open until {@link #unwatch}.
     *
     * @param fd an open descriptor that is not watched yet
     * @param ready called whenever it is readable
     */
    void watch(int fd, Ready ready);

    /** Stops watching; afterwards its callback is never called again, not even for an event already reported. */
    void unwatch(int fd);
}
