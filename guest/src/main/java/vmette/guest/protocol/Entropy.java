package vmette.guest.protocol;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/** 512 random bits for a guest's generator. A secret: {@link #toString} shows nothing of it, and it is used once. */
public final class Entropy {
    /** How many bytes there are. */
    public static final int BYTES = 64;

    private static final class Randomness {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    private final byte[] bytes;

    private Entropy(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Fresh, from the system's secure random source; any thread. */
    public static Entropy fresh() {
        byte[] bytes = new byte[BYTES];
        Randomness.SOURCE.nextBytes(bytes);
        return new Entropy(bytes);
    }

    /**
     * These bytes, which are copied.
     *
     * @throws IllegalArgumentException unless there are {@value #BYTES} of them
     */
    public static Entropy of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("entropy has " + BYTES + " bytes, not " + bytes.length);
        }
        return new Entropy(bytes.clone());
    }

    /** A copy, for the wire. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Entropy entropy && MessageDigest.isEqual(bytes, entropy.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "Entropy[hidden]";
    }
}
