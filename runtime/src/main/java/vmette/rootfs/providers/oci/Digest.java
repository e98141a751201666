package vmette.rootfs.providers.oci;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a blob by its content, as in the OCI image specification (descriptor.md, "Digests"). What passed {@link #parse} is safe as a
 * file name and in a URL.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex lower case
 */
record Digest(String algorithm, String hex) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SHA512 = Pattern.compile("[0-9a-f]{128}");

    /** Empty where the text is no digest, or of another algorithm. */
    static Optional<Digest> parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            return Optional.empty();
        }
        String algorithm = text.substring(0, colon);
        String hex = text.substring(colon + 1);
        boolean known =
                switch (algorithm) {
                    case "sha256" -> SHA256.matcher(hex).matches();
                    case "sha512" -> SHA512.matcher(hex).matches();
                    default -> false;
                };
        return known ? Optional.of(new Digest(algorithm, hex)) : Optional.empty();
    }

    /** The SHA-256 of these bytes. */
    static Digest of(byte[] content) {
        return new Digest("sha256", HexFormat.of().formatHex(engine("sha256").digest(content)));
    }

    /** An engine of this digest's algorithm. */
    MessageDigest engine() {
        return engine(algorithm);
    }

    boolean isOf(byte[] content) {
        return matches(engine().digest(content));
    }

    /** Whether this is what an {@link #engine} came to. */
    boolean matches(byte[] result) {
        return HexFormat.of().formatHex(result).equals(hex);
    }

    /** Enough of it to tell layers apart, for people. */
    String brief() {
        return hex.substring(0, 12);
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }

    private static MessageDigest engine(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm.toUpperCase(Locale.ROOT).replace("SHA", "SHA-"));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("a JDK without " + algorithm, e);
        }
    }
}
