package vmette.guest.protocol;

/** One of a command's three standard streams; its number is both its wire value and its file descriptor. */
public enum StreamId implements WireValue {
    STDIN(0),
    STDOUT(1),
    STDERR(2);

    private final int wire;

    StreamId(int wire) {
        this.wire = wire;
    }

    /** The {@code u8} that names this stream on the wire. */
    @Override
    public int wire() {
        return wire;
    }
}
