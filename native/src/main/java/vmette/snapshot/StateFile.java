package vmette.snapshot;

/**
 * The monitor's state of all devices.
 *
 * @param bytes its size, 1 to {@link #MAX_BYTES}
 * @param sha256 in small hexadecimal digits
 */
public record StateFile(long bytes, String sha256) {
    /** The largest that is taken: QEMU's has some 320 KB, memory that the guest cannot reach included. */
    public static final long MAX_BYTES = 64L << 20;

    /** @throws IllegalArgumentException if something is not as said */
    public StateFile {
        Texts.range("device-state.bytes", bytes, 1, MAX_BYTES);
        Texts.digest("device-state.sha256", sha256);
    }
}
