package vmette.memory;

/**
 * Memory that this process cannot touch, only copy from and to; addresses are those of the process it belongs to.
 * Transfers of 2 bytes may tear, of aligned 4 and 8 bytes not; none is a fence.
 */
interface MemoryTransfer {
    /** A little-endian number of 2, 4 or 8 bytes; what is above them is zero. */
    long read(long address, int size);

    /** Writes a little-endian number of 2, 4 or 8 bytes. */
    void write(long address, long value, int size);

    /** Copies bytes from there. */
    void read(long address, byte[] target, int offset, int length);

    /** Copies bytes there. */
    void write(long address, byte[] source, int offset, int length);
}
