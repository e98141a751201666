package vmette.memory;

/**
 * A contiguous piece of guest memory, looked up once and then accessed by index: what a virtqueue touches on every
 * packet. Little-endian. Belongs to the {@link GuestMemory} it came from; once that is closed every access throws a
 * {@link RuntimeException}, never touches foreign memory. Not thread-safe on this side; the guest is the other party.
 */
public abstract class MemoryArea {
    /** Indexes are bytes from the start; one outside throws {@link IndexOutOfBoundsException}. Plain access. */
    public abstract short getShort(int index);

    /** Plain access. */
    public abstract int getInt(int index);

    /** Plain access. */
    public abstract long getLong(int index);

    /** Plain access. */
    public abstract void putShort(int index, short value);

    /** Plain access. */
    public abstract void putInt(int index, int value);

    /** Reads so that everything the guest wrote before is seen afterwards; never torn. {@code index} even in the guest. */
    public abstract short getShortAcquire(int index);

    /** Writes after everything written before; {@code index} even in the guest. */
    public abstract void putShortRelease(int index, short value);

    /** Writes 4 bytes as one after everything written before, never torn; {@code index} divisible by 4 in the guest. */
    public abstract void putIntRelease(int index, int value);
}
