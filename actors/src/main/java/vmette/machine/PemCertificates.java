package vmette.machine;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import vmette.errors.InvalidConfigException;

/** Reads and writes certificates as PEM (RFC 7468). Nothing of a file but its certificates gets through. */
final class PemCertificates {
    private static final String BEGIN = "-----BEGIN ";
    private static final String DASHES = "-----";
    private static final List<String> LABELS = List.of("CERTIFICATE", "X509 CERTIFICATE");

    private PemCertificates() {}

    /**
     * The certificates of a file, in its order; what stands between them is left out.
     *
     * @param name of the file, for messages
     * @throws InvalidConfigException when there is none, one cannot be read, or there is anything else, such as a private key
     */
    static List<X509Certificate> parse(String name, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        if (text.contains("PRIVATE KEY" + DASHES)) {
            throw refusal(
                    name, "it holds a private key, which is nothing for a guest: take it out of the directory", null);
        }
        List<X509Certificate> certificates = new ArrayList<>();
        for (int at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
            int body = text.indexOf(DASHES, at + BEGIN.length());
            String label = body < 0 ? "" : text.substring(at + BEGIN.length(), body);
            if (!LABELS.contains(label)) {
                throw refusal(
                        name,
                        "it holds a block that is no certificate (" + Printable.of(label)
                                + "): leave certificates in it alone",
                        null);
            }
            int number = certificates.size() + 1;
            int end = text.indexOf(DASHES, body + DASHES.length());
            String last = DASHES + "END " + label + DASHES;
            if (end < 0 || !text.startsWith(last, end)) {
                throw refusal(name, "its certificate " + number + " has no end: copy it whole", null);
            }
            certificates.add(certificate(name, number, text.substring(body + DASHES.length(), end)));
            at = end + last.length();
        }
        if (certificates.isEmpty()) {
            throw refusal(
                    name,
                    "it holds no certificate in PEM; one in DER is turned into PEM by `openssl x509 -inform der -in "
                            + name + " -out NEW.pem`",
                    null);
        }
        return certificates;
    }

    private static X509Certificate certificate(String name, int number, String base64) {
        try {
            byte[] der = Base64.getDecoder().decode(base64.replaceAll("[ \t\r\n]", ""));
            X509Certificate certificate = (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
            if (!Arrays.equals(certificate.getEncoded(), der)) {
                throw new CertificateException("there is more behind it");
            }
            return certificate;
        } catch (CertificateException | IllegalArgumentException e) {
            throw refusal(
                    name,
                    "its certificate " + number + " is broken (" + Printable.of(e.getMessage()) + "): get it anew",
                    e);
        }
    }

    /** One certificate as PEM, in lines of 64 characters, the last one ended. */
    static String write(X509Certificate certificate) {
        try {
            return BEGIN + LABELS.get(0) + DASHES + "\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
                    + "\n" + DASHES + "END " + LABELS.get(0) + DASHES + "\n";
        } catch (CertificateException e) {
            throw new IllegalArgumentException("a certificate that was read has no encoding", e);
        }
    }

    private static InvalidConfigException refusal(String name, String why, Throwable cause) {
        return new InvalidConfigException("ca-certs: the file " + name + " is refused: " + why, cause);
    }
}
