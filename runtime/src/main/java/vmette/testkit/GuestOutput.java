package vmette.testkit;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a program writes to: a pipe, and what it leads to once that is there. The kit's thread's. */
final class GuestOutput {
    private static final int PIPE = 64 << 10;

    private enum State {
        UNBOUND,
        BOUND,
        DROPPED,
        BROKEN
    }

    private final Runnable changed;
    private final Deque<byte[]> held = new ArrayDeque<>(1);
    private State state;
    private FakeConnection connection;
    private int bytes;
    private boolean ended;

    /**
     * @param wanted whether anybody is going to read it
     * @param changed called when there is room again, or nobody reads any more, or all is passed on
     */
    GuestOutput(boolean wanted, Runnable changed) {
        this.state = wanted ? State.UNBOUND : State.DROPPED;
        this.changed = changed;
    }

    boolean isUnbound() {
        return state == State.UNBOUND;
    }

    boolean hasRoom() {
        return state == State.DROPPED || bytes < PIPE;
    }

    /** Whether a write to it is an error, as to a pipe whose reader has gone. */
    boolean isBroken() {
        return state == State.BROKEN;
    }

    /** Whether it has ended and all of it has been passed on or dropped. */
    boolean isOver() {
        return state == State.BROKEN || (ended && held.isEmpty() && state != State.UNBOUND);
    }

    void write(byte[] more) {
        if ((state == State.UNBOUND || state == State.BOUND) && more.length > 0) {
            held.addLast(more);
            bytes += more.length;
            passOn();
        }
    }

    void end() {
        ended = true;
        passOn();
    }

    void bind(FakeConnection to) {
        state = State.BOUND;
        connection = to;
        passOn();
        changed.run();
    }

    /** The connection takes more. */
    void writable() {
        passOn();
        changed.run();
    }

    /** Nobody will read it. */
    void drop() {
        if (state == State.UNBOUND) {
            state = State.DROPPED;
            forget();
        }
    }

    /** Its reader has gone. */
    void breakOff() {
        if (!isOver()) {
            state = State.BROKEN;
            forget();
        }
    }

    private void forget() {
        held.clear();
        bytes = 0;
        changed.run();
    }

    private void passOn() {
        if (state != State.BOUND) {
            return;
        }
        while (!held.isEmpty() && connection.hasRoom()) {
            byte[] next = held.removeFirst();
            bytes -= next.length;
            connection.send(next);
        }
        if (ended && held.isEmpty()) {
            connection.end();
        }
    }
}
