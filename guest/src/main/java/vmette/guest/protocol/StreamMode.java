package vmette.guest.protocol;

/** Where one of a command's streams goes. */
public enum StreamMode implements WireValue {
    /** Nowhere: stdin is {@code /dev/null}, an output is drained and dropped by the agent. */
    NONE(0),
    /** To a data connection that the host is going to open. */
    CONNECTION(1),
    /** Into a replay ring of the agent's: an output of a detached command. */
    REPLAY(2);

    private final int wire;

    StreamMode(int wire) {
        this.wire = wire;
    }

    /** The {@code u8} of this mode on the wire. */
    @Override
    public int wire() {
        return wire;
    }
}
