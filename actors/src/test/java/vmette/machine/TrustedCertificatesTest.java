package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;

class TrustedCertificatesTest {
    private static final TestCertificates.Holder ONE = TestCertificates.authority("CN=One");
    private static final TestCertificates.Holder TWO = TestCertificates.authority("CN=Two");

    @TempDir
    private Path directory;

    private final List<String> said = new ArrayList<>();

    private List<String> read() {
        return TrustedCertificates.read(directory, said::add, Instant.now());
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    private void refused(String... parts) {
        assertThatThrownBy(this::read)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void filesOfAnyOfTheNamesAreReadInTheirOrderAndOnce() throws IOException {
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        TestCertificates.Holder three = TestCertificates.authority("CN=Three");
        Files.writeString(elsewhere.resolve("three"), three.pem());
        Files.createSymbolicLink(directory.resolve("c.cer"), elsewhere.resolve("three"));
        write("b.crt", ONE.pem());
        write("a.PEM", "# Two\r\nsubject=x\r\n" + TWO.pem().replace("\n", "\r\n") + ONE.pem() + TWO.pem());
        write("README", "nothing");
        write("pem", "nothing");
        write("server.key", ONE.keyPem());
        assertThat(read()).containsExactly(TWO.pem(), ONE.pem(), three.pem());
        assertThat(said).isEmpty();
    }

    @Test
    void whatIsSentHasNothingButCertificatesInItsOneForm() throws IOException {
        String line = Base64.getEncoder().encodeToString(Base64.getMimeDecoder().decode(body(ONE.pem())));
        write(
                "a.pem",
                "\ufeffsecret comment\n-----BEGIN X509 CERTIFICATE-----\n" + line
                        + "\n-----END X509 CERTIFICATE----- more");
        assertThat(read()).containsExactly(ONE.pem());
        assertThat(ONE.pem()).startsWith("-----BEGIN CERTIFICATE-----\nMII").endsWith("\n-----END CERTIFICATE-----\n");
        assertThat(ONE.pem().lines()).allMatch(each -> each.length() <= 64);
    }

    private static String body(String pem) {
        return pem.replaceAll("-----.*-----", "");
    }

    @Test
    void aDirectoryThatIsNoneIsRefused() throws IOException {
        refused("ca-certs = " + directory + " is refused", "no *.pem, *.crt or *.cer");
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> TrustedCertificates.read(missing, said::add, Instant.now()))
                .hasMessage("ca-certs = " + missing + " is refused: there is no such directory");
        Path file = write("file", "");
        assertThatThrownBy(() -> TrustedCertificates.read(file, said::add, Instant.now()))
                .hasMessageContaining("it is not a directory");
    }

    @Test
    void whatThisUserMayNotReadIsRefused() throws IOException {
        Path file = write("a.pem", ONE.pem());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "root reads everything");
        refused(file.toString(), "this user may not read it");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("--x------"));
        refused(directory.toString(), "this user may not read it");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void filesThatAreNoneAreRefusedAndNotWaitedFor() throws IOException, InterruptedException {
        Path file = directory.resolve("a.pem");
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        refused(file.toString(), "it is no regular file");
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of("nowhere"));
        refused(file.toString(), "a link that leads nowhere");
    }

    @Test
    void aPrivateKeyIsRefused() throws IOException {
        Path file = write("a.pem", ONE.pem() + ONE.keyPem());
        refused("the file " + file + " is refused", "it holds a private key");
        write("a.pem", ONE.keyPem().replace(" PRIVATE", " EC PRIVATE"));
        refused("it holds a private key");
    }

    @Test
    void whatIsNoCertificateIsRefusedByItsNumber() throws IOException {
        write("a.pem", ONE.pem() + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        refused("a.pem is refused: its certificate 2 is broken", "get it anew");
        write("a.pem", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n");
        refused("its certificate 1 is broken");
        write("a.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
        refused("its certificate 1 is broken");
        byte[] der = Base64.getMimeDecoder().decode(body(ONE.pem()));
        byte[] longer = java.util.Arrays.copyOf(der, der.length + 3);
        write(
                "a.pem",
                "-----BEGIN CERTIFICATE-----\n" + Base64.getEncoder().encodeToString(longer)
                        + "\n-----END CERTIFICATE-----\n");
        refused("its certificate 1 is broken (there is more behind it)");
        write("a.pem", ONE.pem().replace("-----END CERTIFICATE-----", ""));
        refused("its certificate 1 has no end");
        write("a.pem", TWO.pem() + ONE.pem().replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"));
        refused("a block that is no certificate (TRUSTED CERTIFICATE)");
        Files.write(directory.resolve("a.pem"), der);
        refused("no certificate in PEM", "openssl x509 -inform der");
        write("a.pem", "");
        refused("no certificate in PEM");
    }

    @Test
    void aCertificateThatIsNotValidNowIsToldOfAndTaken() throws IOException {
        TestCertificates.Holder old =
                TestCertificates.authority("CN=Old\\\nOne", Instant.parse("2020-01-01T00:00:00Z"), 0);
        TestCertificates.Holder young =
                TestCertificates.authority("CN=Young", Instant.now().plus(Duration.ofDays(9)), 0);
        Path file = write("a.pem", old.pem() + ONE.pem() + young.pem() + old.pem());
        assertThat(read()).containsExactly(old.pem(), ONE.pem(), young.pem());
        assertThat(said).hasSize(2);
        assertThat(said.get(0))
                .contains("CN=Old", file + " has been invalid since 2020-12-31; the guest gets it all the same")
                .doesNotContain("\n");
        assertThat(said.get(1)).contains("CN=Young of " + file + " is not valid before ");
    }

    @Test
    void moreThanAGuestTakesIsRefused() throws IOException {
        write(
                "a.pem",
                TestCertificates.authority("CN=Large", Instant.now(), 800_000).pem());
        refused("at most 1000 certificates of 1000 KiB together");
        Files.delete(directory.resolve("a.pem"));
        for (int i = 0; i <= TrustedCertificates.MOST_CERTIFICATES; i++) {
            write(i + ".pem", ONE.pem());
        }
        refused("at most 1000 certificates");
    }

    @Test
    void endlessCommentsAreNotReadToTheirEnd() throws IOException {
        Path file = write("a.pem", ONE.pem());
        try (java.io.RandomAccessFile large = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(1L << 40);
        }
        refused("longer than 8 MiB together");
    }

    @Test
    void framesHoldAllInTheirOrderAndTheAgentTakesThem() {
        assertThat(TrustedCertificates.frames(List.of())).isEmpty();
        List<String> many = new ArrayList<>();
        for (int i = 0; i < TrustedCertificates.MOST_CERTIFICATES; i++) {
            many.add(("c" + i).repeat(2000).substring(0, TrustedCertificates.MOST_BYTES / 1000));
        }
        List<HostFrame> frames = TrustedCertificates.frames(many);
        assertThat(frames).hasSize(4);
        assertThat(frames.stream().flatMap(frame -> ((HostFrame.Trust) frame).certificates().stream()))
                .containsExactlyElementsOf(many);
        assertThat(frames.stream().mapToInt(frame -> HostFrames.encode(frame).length))
                .allMatch(length -> length < TrustedCertificates.FRAME_BYTES * 1.1);
        // as the agent counts
        assertThat(many.stream().mapToInt(text -> 4 + text.length()).sum()).isLessThan(GuestProtocol.MAX_TRUST);
        assertThat(many).hasSizeLessThan(GuestProtocol.MAX_CERTIFICATES);
        List<HostFrame> one = TrustedCertificates.frames(List.of("x".repeat(TrustedCertificates.MOST_BYTES)));
        assertThat(HostFrames.encode(one.get(0)).length).isLessThan(GuestProtocol.MAX_FRAME);
    }
}
