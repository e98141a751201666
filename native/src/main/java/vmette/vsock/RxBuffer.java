package vmette.vsock;

/** An RX buffer of the guest, to be filled with one packet. */
interface RxBuffer {
    /** Bytes it takes, at least {@link VsockHeader#BYTES}. */
    int capacity();

    /** Writes within the capacity. */
    void write(int offset, byte[] source, int sourceOffset, int length);
}
