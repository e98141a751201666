package vmette.testkit;

/** What a program reads from: a connection, once that is there, or nothing. The kit's thread's. */
final class GuestInput {
    private FakeConnection connection;
    private boolean expected;

    /** @param expected whether there is going to be a connection; else it is at its end */
    GuestInput(boolean expected) {
        this.expected = expected;
    }

    boolean isUnbound() {
        return expected && connection == null;
    }

    void bind(FakeConnection from) {
        connection = from;
    }

    /** There will be no connection. */
    void drop() {
        expected = connection != null;
    }

    byte[] take() {
        return connection == null ? null : connection.take();
    }

    boolean isAtEnd() {
        return !expected || (connection != null && (connection.hostEnded() || connection.isOver()));
    }

    /** The program reads no more. */
    void close() {
        if (connection != null) {
            connection.refuse();
            connection.end();
        }
    }
}
