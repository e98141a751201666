package vmette.rootfs;

import java.util.function.Consumer;

/** Is told how long work goes on. Thread-safe; must not throw. */
public interface RootfsProgress {
    /** A line of text before something that takes long. */
    void say(String line);

    /**
     * A transfer begins; several may be under way.
     *
     * @param what for people, such as {@code layer 3f4ac2e1}
     * @param totalBytes how much it will be; negative: not known
     */
    Transfer transfer(String what, long totalBytes);

    /** One transfer. */
    interface Transfer extends AutoCloseable {
        /** So many bytes more have come. */
        void add(long bytes);

        /** It is over, complete or not. Idempotent. */
        @Override
        void close();
    }

    /**
     * Tells of transfers by lines: one when it begins, and one for each tenth of a long one.
     *
     * @param lines gets them on any thread, several at a time perhaps, printable whatever a server has put into them
     */
    static RootfsProgress lines(Consumer<String> lines) {
        return new LineProgress(lines);
    }

    /** Tells nobody. */
    RootfsProgress NONE = new RootfsProgress() {
        @Override
        public void say(String line) {}

        @Override
        public Transfer transfer(String what, long totalBytes) {
            return new Transfer() {
                @Override
                public void add(long bytes) {}

                @Override
                public void close() {}
            };
        }
    };
}
