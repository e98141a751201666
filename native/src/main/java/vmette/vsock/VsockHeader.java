package vmette.vsock;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The header of every packet, {@code struct virtio_vsock_hdr} (virtio 1.2, section 5.10.6): little-endian, packed.
 *
 * @param len payload bytes, unsigned
 * @param type see {@link VsockType}, or something we do not serve
 * @param op see {@link VsockOp}
 * @param flags of SHUTDOWN: {@link #SHUTDOWN_RECEIVE}, {@link #SHUTDOWN_SEND}; of a message's RW: {@link #MESSAGE_END}
 * @param bufAlloc the sender's receive buffer, unsigned
 * @param fwdCnt bytes the sender has handed to its reader, modulo 2^32
 */
record VsockHeader(
        long srcCid,
        long dstCid,
        int srcPort,
        int dstPort,
        int len,
        int type,
        int op,
        int flags,
        int bufAlloc,
        int fwdCnt) {
    static final int BYTES = 44;

    /** Flag of the last RW of a message, VIRTIO_VSOCK_SEQ_EOM. */
    static final int MESSAGE_END = 1;

    /** The sender of a SHUTDOWN receives no more. */
    static final int SHUTDOWN_RECEIVE = 1;

    /** The sender of a SHUTDOWN sends no more. */
    static final int SHUTDOWN_SEND = 2;

    static final int SHUTDOWN_BOTH = SHUTDOWN_RECEIVE | SHUTDOWN_SEND;

    private static final VarHandle SHORT = view(short[].class);
    private static final VarHandle INT = view(int[].class);
    private static final VarHandle LONG = view(long[].class);

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    static VsockHeader decode(byte[] bytes) {
        return new VsockHeader(
                (long) LONG.get(bytes, 0),
                (long) LONG.get(bytes, 8),
                (int) INT.get(bytes, 16),
                (int) INT.get(bytes, 20),
                (int) INT.get(bytes, 24),
                Short.toUnsignedInt((short) SHORT.get(bytes, 28)),
                Short.toUnsignedInt((short) SHORT.get(bytes, 30)),
                (int) INT.get(bytes, 32),
                (int) INT.get(bytes, 36),
                (int) INT.get(bytes, 40));
    }

    /** Writes the header into the first {@link #BYTES} of an array. */
    void encode(byte[] bytes) {
        LONG.set(bytes, 0, srcCid);
        LONG.set(bytes, 8, dstCid);
        INT.set(bytes, 16, srcPort);
        INT.set(bytes, 20, dstPort);
        INT.set(bytes, 24, len);
        SHORT.set(bytes, 28, (short) type);
        SHORT.set(bytes, 30, (short) op);
        INT.set(bytes, 32, flags);
        INT.set(bytes, 36, bufAlloc);
        INT.set(bytes, 40, fwdCnt);
    }

    /** The RST that answers this packet; it carries the packet's own type, as the peer looks its socket up by it. */
    VsockHeader rst() {
        VsockAddress us = new VsockAddress(dstCid, dstPort);
        VsockAddress peer = new VsockAddress(srcCid, srcPort);
        return new VsockHeader(us.cid(), peer.cid(), us.port(), peer.port(), 0, type, VsockOp.RST.wire(), 0, 0, 0);
    }
}
