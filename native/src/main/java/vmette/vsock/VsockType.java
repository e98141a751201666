package vmette.vsock;

/** What a connection carries (virtio 1.2, section 5.10.6). A port is listened on for one of the two. */
public enum VsockType {
    /** Bytes, without boundaries: {@code SOCK_STREAM} in the guest. */
    STREAM(1),

    /**
     * Messages, each handed over whole: {@code SOCK_SEQPACKET} in the guest. A guest's message may have at most the credit
     * its kernel is told, about a third of {@link VsockLimits#bufAlloc}; there {@code send} fails beyond it, with EMSGSIZE or, on older kernels, ENOMEM.
     * One for the guest may have at most the guest's buffer, on Linux 256 KiB unless its program says otherwise.
     */
    SEQPACKET(2);

    private final int wire;

    VsockType(int wire) {
        this.wire = wire;
    }

    int wire() {
        return wire;
    }

    /** Whether a packet's type is this one. */
    boolean is(int wireType) {
        return wire == wireType;
    }
}
