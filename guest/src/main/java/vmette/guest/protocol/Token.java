package vmette.guest.protocol;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The 128-bit secret that lets one data connection claim one stream of one execution, once.
 *
 * <p>Two tokens are compared in constant time, and {@link #toString} shows nothing of the secret.
 */
public final class Token {
    /** How many bytes a token has on the wire. */
    public static final int BYTES = 16;

    /** What is sent where a stream has no connection and so needs no secret: sixteen zero bytes. */
    public static final Token ZERO = new Token(new byte[BYTES]);

    private static final class Randomness {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    private final byte[] bytes;

    private Token(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A new token from the system's secure random source; any thread. */
    public static Token random() {
        byte[] bytes = new byte[BYTES];
        Randomness.SOURCE.nextBytes(bytes);
        return new Token(bytes);
    }

    /**
     * The token with these bytes, which are copied.
     *
     * @throws IllegalArgumentException unless there are {@value #BYTES} of them
     */
    public static Token of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a token has " + BYTES + " bytes, not " + bytes.length);
        }
        return new Token(bytes.clone());
    }

    /** A copy of the secret, for the wire. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Token token && MessageDigest.isEqual(bytes, token.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "Token[hidden]";
    }
}
