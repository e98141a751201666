package vmette.guest.protocol;

import java.util.List;

/**
 * The peer has broken the guest protocol: its connection has to be closed.
 *
 * <p>The message says what was wrong and holds at most a number or two of the peer's, none of its text.
 */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    private final long offset;
    private final transient List<AgentFrame> before;

    ProtocolException(String what, long offset, List<AgentFrame> before) {
        super(what + " (at byte " + offset + ")");
        this.offset = offset;
        this.before = List.copyOf(before);
    }

    /** How many bytes into the connection the offending frame, or the offending field in it, begins. */
    public long offset() {
        return offset;
    }

    /** The good frames that the same chunk held before the violation; they may say why the connection is ending. */
    public List<AgentFrame> before() {
        return before == null ? List.of() : before;
    }
}
