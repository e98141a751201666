package vmette.guest.protocol;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * What one boot or one restore of a guest is known by: 128 bits, no secret, that the guest sees in {@code /run/vmette/instance-id} and in
 * {@code VMETTE_INSTANCE_ID}.
 *
 * @param high the first eight bytes, big-endian
 * @param low the other eight
 */
public record InstanceId(long high, long low) {
    /** How many bytes it has on the wire. */
    public static final int BYTES = 16;

    private static final class Randomness {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    /** A new one from the system's secure random source; any thread. */
    public static InstanceId random() {
        return new InstanceId(Randomness.SOURCE.nextLong(), Randomness.SOURCE.nextLong());
    }

    /**
     * The one with these bytes.
     *
     * @throws IllegalArgumentException unless there are {@value #BYTES} of them
     */
    public static InstanceId of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("an instance id has " + BYTES + " bytes, not " + bytes.length);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new InstanceId(buffer.getLong(), buffer.getLong());
    }

    /** Its bytes, in the order in which they are spelled. */
    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    /** 32 lower-case hexadecimal digits, as the guest sees them. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes());
    }
}
