package vmette.vsock;

/** What a packet does (virtio 1.2, section 5.10.6). */
enum VsockOp {
    /** Any value the specification does not name, 0 included. */
    UNKNOWN(0),
    REQUEST(1),
    RESPONSE(2),
    RST(3),
    SHUTDOWN(4),
    RW(5),
    CREDIT_UPDATE(6),
    CREDIT_REQUEST(7);

    private static final VsockOp[] BY_WIRE = values();

    private final int wire;

    VsockOp(int wire) {
        this.wire = wire;
    }

    int wire() {
        return wire;
    }

    static VsockOp of(int wire) {
        return wire > 0 && wire < BY_WIRE.length ? BY_WIRE[wire] : UNKNOWN;
    }
}
