package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.machine.TestCertificates;

/** Certificates of the host in real VMs: where they are put, and that TLS believes in them. */
class TrustIT {
    private static final String BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
    private static final TestCertificates.Holder OURS = TestCertificates.authority("CN=Ours");
    private static final TestCertificates.Holder OLD = TestCertificates.authority("CN=Old");
    private static final TestCertificates.Holder EXPIRED =
            TestCertificates.authority("CN=Expired", Instant.parse("2020-01-01T00:00:00Z"), 0);
    private static final List<String> SAID = new CopyOnWriteArrayList<>();

    @TempDir
    private static Path directory;

    private static Vmette vmette;
    private static Path certificates;
    private static Path root;

    @BeforeAll
    static void prepare() throws IOException {
        vmette = Vmette.create(RuntimeSettings.load(), SAID::add);
        await(await(vmette.launch(VmSpec.builder().memoryMib(128).build())).stop());
        certificates = Files.createDirectory(directory.resolve("certificates"));
        Files.writeString(certificates.resolve("company.crt"), "# a comment\n" + OURS.pem());
        Files.writeString(certificates.resolve("expired.pem"), EXPIRED.pem() + OURS.pem());
        root = HostRoots.busybox(directory.resolve("root"), RuntimeSettings.load());
        Files.writeString(root.resolve("etc/debian_version"), "12.11\n");
        Files.createDirectories(root.resolve("etc/ssl/certs"));
        Files.writeString(root.resolve(BUNDLE.substring(1)), OLD.pem());
        HostRoots.host(
                "tar",
                "-C",
                root.toString(),
                "-cf",
                directory.resolve("root.tar").toString(),
                ".");
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static String in(UnaryOperator<VmSpecBuilder> change, Function<VmHandle, String> with) {
        VmHandle vm = await(
                vmette.launch(change.apply(VmSpec.builder().memoryMib(256)).build()));
        try {
            return with.apply(vm);
        } finally {
            await(vm.stop());
        }
    }

    private static String out(VmHandle vm, String line) {
        return Guests.out(vmette, vm, line);
    }

    @ParameterizedTest
    @CsvSource({
        "{dir}/root, false, false",
        "{dir}/root, true, false",
        "{dir}/root, false, true",
        "tar+file://{dir}/root.tar, false, false",
        "tar+file://{dir}/root.tar, true, true",
    })
    void aRootTrustsWhatItDidAndTheHostsToo(String spec, boolean readOnly, boolean switchRoot) throws Exception {
        Map<String, String> before = HostRoots.everything(root);
        UnaryOperator<VmSpecBuilder> base = b -> b.rootfs(spec.replace("{dir}", directory.toString()))
                .rootfsReadOnly(readOnly)
                .switchRoot(switchRoot);
        String bundle = in(b -> base.apply(b).caCerts(certificates), vm -> {
            assertThat(out(vm, "cat /usr/local/share/ca-certificates/vmette-1.crt"))
                    .isEqualTo(OURS.pem());
            assertThat(out(vm, "cat /usr/local/share/ca-certificates/vmette-2.crt"))
                    .isEqualTo(EXPIRED.pem());
            assertThat(out(vm, "readlink /etc/ssl/cert.pem; readlink /usr/lib/ssl/cert.pem"))
                    .isEqualTo(BUNDLE + "\n" + BUNDLE + "\n");
            assertThat(out(vm, "stat -c %a:%u " + BUNDLE)).isEqualTo("644:0\n");
            assertThat(out(vm, "env")).doesNotContain("SSL_CERT");
            return out(vm, "cat " + BUNDLE);
        });
        assertThat(bundle).isEqualTo(OLD.pem() + OURS.pem() + EXPIRED.pem());
        TlsChecks.believes(bundle, TestCertificates.server(OURS, "localhost"));
        TlsChecks.believes(bundle, TestCertificates.server(OLD, "localhost"));
        TlsChecks.doubts(bundle, TestCertificates.server(TestCertificates.authority("CN=Other"), "localhost"));
        assertThat(HostRoots.everything(root)).isEqualTo(before);
        assertThat(SAID).anyMatch(line -> line.contains("CN=Expired of " + certificates.resolve("expired.pem")));
    }

    @Test
    void withoutTheSettingNothingChanges() throws Exception {
        String bundle = in(b -> b.rootfs(root), vm -> {
            assertThat(out(vm, "ls /usr/local/share /usr/lib 2>&1 || true"))
                    .doesNotContain("ca-certificates")
                    .doesNotContain("ssl");
            return out(vm, "cat " + BUNDLE);
        });
        assertThat(bundle).isEqualTo(OLD.pem());
        TlsChecks.doubts(bundle, TestCertificates.server(OURS, "localhost"));
    }

    @Test
    void theInitramfsGetsABundle() throws Exception {
        String bundle =
                in(b -> b.caCerts(certificates), vm -> out(vm, "cat /etc/ssl/cert.pem; ls -l " + BUNDLE + " >&2"));
        assertThat(bundle).isEqualTo(OURS.pem() + EXPIRED.pem());
        TlsChecks.believes(bundle, TestCertificates.server(OURS, "localhost"));
    }

    /** More than one frame's worth. */
    @Test
    void manyAndLongCertificatesAllArrive() throws IOException {
        Path many = Files.createDirectory(directory.resolve("many"));
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            String pem = TestCertificates.authority("CN=Long " + i, Instant.now(), 80_000)
                    .pem();
            Files.writeString(many.resolve(i + ".pem"), pem);
            all.append(pem);
        }
        assertThat(all.length()).isGreaterThan(900_000);
        assertThat(in(b -> b.caCerts(many), vm -> out(vm, "cat " + BUNDLE))).isEqualTo(all.toString());
    }

    /** The host's own openssl, in the guest, with nothing told: its defaults have to lead it to the bundle. */
    @Test
    void opensslInTheGuestShakesHandsWithAServerOfTheHostsAuthority() throws Exception {
        Path with = directory.resolve("with-openssl");
        HostRoots.busybox(with, RuntimeSettings.load());
        Files.writeString(with.resolve("etc/debian_version"), "12.11\n");
        assumeTrue(HostRoots.program(with, "openssl"), "there is no openssl on this host");
        TestCertificates.Holder server = TestCertificates.server(OURS, "localhost");
        Files.writeString(with.resolve("server.pem"), server.pem());
        Path key = Files.writeString(with.resolve("server.key"), server.keyPem());
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        String talk =
                "(openssl s_server -quiet -accept 127.0.0.1:4433 -cert /server.pem -key /server.key </dev/null >/tmp/server 2>&1 &"
                        + " echo $! >/tmp/pid); n=0; while [ $n -lt 100 ]; do n=$((n+1));"
                        + " echo | openssl s_client -connect 127.0.0.1:4433 -verify_return_error -verify_hostname localhost >/tmp/client 2>&1"
                        + " && break; grep -q refused /tmp/client || break; done; cat /tmp/client";
        assertThat(in(b -> b.rootfs(with).caCerts(certificates), vm -> out(vm, talk)))
                .contains("Verify return code: 0 (ok)")
                .contains("CN = localhost");
        assertThat(in(b -> b.rootfs(with), vm -> sh(vmette, vm, talk).stdout()))
                .contains("unable to get local issuer certificate")
                .doesNotContain("Verify return code: 0");
    }

    @Test
    void aHostileRootIsContainedAndToldOf() throws IOException {
        Path hostile = HostRoots.busybox(directory.resolve("hostile"), RuntimeSettings.load());
        Path etc = Files.createDirectories(hostile.resolve("etc/ssl/certs"));
        Path bundle = Files.writeString(etc.resolve("ca-certificates.crt"), OLD.pem());
        try (java.io.RandomAccessFile large = new java.io.RandomAccessFile(bundle.toFile(), "rw")) {
            large.setLength(1L << 33);
        }
        assertThatThrownBy(() -> in(b -> b.rootfs(hostile).caCerts(certificates), vm -> null))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("cannot put the certificates anywhere in the root: File too large");
        Files.delete(bundle);
        HostRoots.host("mkfifo", bundle.toString());
        Files.createSymbolicLink(hostile.resolve("etc/ssl/cert.pem"), Path.of("/../../../proc/kmsg"));
        assertThat(in(b -> b.rootfs(hostile).caCerts(certificates), vm -> out(vm, "cat " + BUNDLE)))
                .isEqualTo(OURS.pem() + EXPIRED.pem());
    }

    @Test
    void whatIsNoDirectoryOfCertificatesIsRefusedBeforeAnythingStarts() throws IOException {
        Path keys = Files.createDirectory(directory.resolve("keys"));
        Files.writeString(keys.resolve("a.pem"), OURS.keyPem());
        assertThatThrownBy(() -> in(b -> b.caCerts(keys), vm -> null))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("it holds a private key");
        assertThatThrownBy(() -> in(b -> b.caCerts(directory.resolve("missing")), vm -> null))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("there is no such directory");
    }
}
