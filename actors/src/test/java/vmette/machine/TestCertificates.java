package vmette.machine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import javax.security.auth.x500.X500Principal;

/** Certificates made by hand (RFC 5280), so that any kind can be had at once. */
public final class TestCertificates {
    private static final byte[] ECDSA_WITH_SHA256 = hex("300a06082a8648ce3d040302");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private TestCertificates() {}

    /** A certificate with its key. */
    public record Holder(X509Certificate certificate, KeyPair key) {
        /** It as PEM. */
        public String pem() {
            return PemCertificates.write(certificate);
        }

        /** Its key as PEM. */
        public String keyPem() {
            return "-----BEGIN PRIVATE KEY-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'})
                            .encodeToString(key.getPrivate().getEncoded())
                    + "\n-----END PRIVATE KEY-----\n";
        }
    }

    /** An authority, valid from yesterday on for a year. */
    public static Holder authority(String name) {
        return authority(name, Instant.now().minus(Duration.ofDays(1)), 0);
    }

    /**
     * An authority.
     *
     * @param from when its year begins
     * @param padding bytes that make it longer
     */
    public static Holder authority(String name, Instant from, int padding) {
        KeyPair key = key();
        byte[] constraints = sequence(oid("551d13"), hex("0101ff"), tagged(0x04, hex("30030101ff")));
        return make(name, key, name, key, from, padding, constraints);
    }

    /** A server's, signed by an authority. */
    public static Holder server(Holder authority, String host) {
        byte[] name = tagged(0x82, host.getBytes(StandardCharsets.US_ASCII));
        return make(
                "CN=" + host,
                key(),
                authority.certificate().getSubjectX500Principal().getName(),
                authority.key(),
                Instant.now().minus(Duration.ofDays(1)),
                0,
                sequence(oid("551d11"), tagged(0x04, sequence(name))));
    }

    private static Holder make(
            String subject, KeyPair key, String issuer, KeyPair signer, Instant from, int padding, byte[] extension) {
        try {
            byte[] filler = sequence(oid("2b06010401868d1f01"), tagged(0x04, tagged(0x04, new byte[padding])));
            byte[] body = sequence(
                    hex("a003020102"),
                    tagged(0x02, Long.toString(System.nanoTime()).getBytes(StandardCharsets.US_ASCII)),
                    ECDSA_WITH_SHA256,
                    new X500Principal(issuer).getEncoded(),
                    sequence(time(from), time(from.plus(Duration.ofDays(365)))),
                    new X500Principal(subject).getEncoded(),
                    key.getPublic().getEncoded(),
                    tagged(0xa3, sequence(extension, filler)));
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(signer.getPrivate());
            signature.update(body);
            byte[] bits = signature.sign();
            byte[] whole = sequence(body, ECDSA_WITH_SHA256, tagged(0x03, joined(new byte[1], bits)));
            return new Holder(
                    (X509Certificate) CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(whole)),
                    key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair key() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] time(Instant time) {
        return tagged(0x17, TIME.format(time).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] oid(String digits) {
        return tagged(0x06, hex(digits));
    }

    private static byte[] sequence(byte[]... parts) {
        return tagged(0x30, joined(parts));
    }

    private static byte[] tagged(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 128) {
            out.write(content.length);
        } else {
            byte[] length = BigInteger.valueOf(content.length).toByteArray();
            int sign = length[0] == 0 ? 1 : 0;
            out.write(0x80 + length.length - sign);
            out.write(length, sign, length.length - sign);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
