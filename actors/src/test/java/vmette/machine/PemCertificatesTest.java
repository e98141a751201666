package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.errors.InvalidConfigException;

class PemCertificatesTest {
    private static final List<TestCertificates.Holder> SOME =
            List.of(TestCertificates.authority("CN=One"), TestCertificates.authority("CN=Two"));

    @Property
    void anyBytesAreCertificatesOrRefused(@ForAll byte[] bytes) {
        outcome(bytes);
    }

    @Property(tries = 3000)
    void mutatedFilesAreCertificatesOrRefused(@ForAll Random random, @ForAll @IntRange(min = 1, max = 4) int wrongs) {
        byte[] bytes = ("# first\n" + SOME.get(0).pem() + "\n" + SOME.get(1).pem()).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < wrongs; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        outcome(bytes);
    }

    /** What is taken comes back from what is written of it, and that has no other block. */
    private static void outcome(byte[] bytes) {
        List<X509Certificate> certificates;
        try {
            certificates = PemCertificates.parse("a file", bytes);
        } catch (InvalidConfigException e) {
            assertThat(e).hasMessageStartingWith("ca-certs: the file a file is refused: ");
            return;
        }
        StringBuilder written = new StringBuilder();
        certificates.forEach(certificate -> written.append(PemCertificates.write(certificate)));
        assertThat(PemCertificates.parse("a file", written.toString().getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(certificates);
        assertThat(written.toString().split("-----BEGIN ", -1)).hasSize(certificates.size() + 1);
    }
}
