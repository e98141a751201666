package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.HostRoots.everything;
import static vmette.HostRoots.host;
import static vmette.rootfs.providers.oci.TestImages.directory;
import static vmette.rootfs.providers.oci.TestImages.file;
import static vmette.rootfs.providers.oci.TestImages.hardLink;
import static vmette.rootfs.providers.oci.TestImages.layer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.rootfs.providers.oci.DockerRegistry;
import vmette.rootfs.providers.oci.RegistryFixture;
import vmette.rootfs.providers.oci.Relay;
import vmette.rootfs.providers.oci.TestImages;

/** Images of archives and of a registry that wants a password, from the command line: fetched, run, kept, and asked for no more. */
class ImageRunsIT {
    private static final int NOISE_BYTES = 8 << 20;

    @TempDir
    private Path outside;

    private Sandbox sandbox;

    @BeforeEach
    void createSandbox() throws Exception {
        sandbox = Caches.sandbox();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            sandbox.assertNothingLeft();
        } finally {
            sandbox.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"tar, false", "tar, true", "squashfs, false", "squashfs, true"})
    void aDebianOfOneFileIsARoot(String kind, boolean readOnly) throws Exception {
        Path file = outside.resolve("debian." + kind);
        if (kind.equals("tar")) {
            host("zstd", "-1", "-q", "-o", file.toString(), DebianRoot.archive().toString());
        } else {
            host(
                    "/bin/sh",
                    "-c",
                    "sqfstar -quiet -no-progress -root-mode 755 -comp lz4 " + file + " < " + DebianRoot.archive());
        }
        Map<String, String> before = everything(file);
        List<String> arguments =
                new ArrayList<>(List.of("run", "--quiet", "--rootfs", kind + "+file://" + file, "--exec"));
        arguments.add("exec 2>&1; . /etc/os-release; echo $ID; stat -c %a:%u:%g / /tmp /var/mail; touch /foo; exit 42");
        if (readOnly) {
            arguments.add("--rootfs-ro");
        }
        Launched.Result result = Launched.run(sandbox, arguments.toArray(String[]::new));
        assertThat(result.stdout())
                .isEqualTo("debian\n755:0:0\n1777:0:0\n2775:0:8\n"
                        + (readOnly ? "touch: cannot touch '/foo': Read-only file system\n" : ""));
        assertThat(result.code()).isEqualTo(42);
        assertThat(everything(file)).isEqualTo(before);
    }

    @Test
    void anImageOfARegistryIsFetchedOnceAndThenNothingIsAsked() throws Exception {
        try (DockerRegistry registry = DockerRegistry.locked(outside);
                Relay relay = new Relay(registry.port())) {
            images(registry)
                    .pushImage(
                            "team/app",
                            "v1",
                            "{\"User\":\"app\",\"WorkingDir\":\"/srv\",\"Env\":[\"COLOUR=blue\",\"PATH=/bin\"],"
                                    + "\"Entrypoint\":[\"/bin/wrap\"],\"Cmd\":[\"never\"]}",
                            programs(),
                            layer(
                                    file("bin/wrap", "#!/bin/sh\necho wrapped\nexec \"$@\"\n"),
                                    directory("srv"),
                                    file("srv/gone", "x"),
                                    file("srv/kept", "kept\n"),
                                    directory("srv/all"),
                                    file("srv/all/below", "x")),
                            layer(
                                    file("srv/.wh.gone", ""),
                                    hardLink("srv/again", "srv/kept"),
                                    file("srv/all/.wh..wh..opq", ""),
                                    file("srv/all/above", "x")));
            String[] run = {
                "run",
                "--quiet",
                "--rootfs",
                "oci://" + relay.host() + "/team/app:v1",
                "--env",
                "EXTRA=more",
                "--exec",
                "id -u; pwd; echo $COLOUR $EXTRA; ls; ls all; cat again; stat -c %h again"
            };
            String expected = "wrapped\n1000\n/srv\nblue more\nagain\nall\nkept\nabove\nkept\n2\n";

            Launched.Result refused = Launched.run(sandbox, run);
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.stderr()).contains("401 UNAUTHORIZED").contains("docker login " + relay.host());

            assertThat(launch(relay, run)).isEqualTo(new Launched.Result(0, expected, ""));
            assertThat(relay.requests()).isNotEmpty();

            relay.forget();
            assertThat(launch(relay, run)).isEqualTo(new Launched.Result(0, expected, ""));
            assertThat(relay.requests()).as("the second run's requests").isEmpty();

            registry.kill();
            assertThat(launch(relay, with(run, "--offline"))).isEqualTo(new Launched.Result(0, expected, ""));
            run[3] = "oci://" + relay.host() + "/team/other:v1";
            Launched.Result missing = launch(relay, with(run, "--offline"));
            assertThat(missing.code()).isNotZero();
            assertThat(missing.stdout()).isEmpty();
            assertThat(missing.stderr()).contains("team/other:v1").contains("offline");
            assertThat(relay.requests()).isEmpty();
        }
    }

    @Test
    void aPullThatBreaksOffSaysSoAndIsGoneOnWithByTheNextRun() throws Exception {
        try (DockerRegistry registry = DockerRegistry.locked(outside);
                Relay relay = new Relay(registry.port())) {
            byte[] noise = new byte[NOISE_BYTES];
            new Random(5).nextBytes(noise);
            TestImages.Blob large = layer(file("noise", Base64.getEncoder().encodeToString(noise)));
            images(registry).pushImage("team/large", "v1", "{}", programs(), large);
            String[] run = {
                "run", "--quiet", "--rootfs", "oci://" + relay.host() + "/team/large:v1", "--exec", "stat -c %s /noise"
            };
            relay.breakAfter(NOISE_BYTES / 2, true);
            Launched.Result broken = launch(relay, run);
            assertThat(relay.isDown()).isTrue();
            assertThat(broken.code()).isEqualTo(1);
            assertThat(broken.stdout()).isEmpty();
            assertThat(broken.stderr())
                    .startsWith("vmette: ")
                    .contains(relay.host())
                    .doesNotContain("\tat ");

            relay.mend();
            relay.forget();
            long size = 4L * ((NOISE_BYTES + 2) / 3);
            assertThat(launch(relay, run)).isEqualTo(new Launched.Result(0, size + "\n", ""));
            assertThat(relay.passed()).as("bytes of the second run").isLessThan(NOISE_BYTES);
        }
    }

    private static String[] with(String[] arguments, String more) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add(more);
        return all.toArray(String[]::new);
    }

    private Launched.Result launch(Relay relay, String... arguments) {
        String variable = "VMETTE_OCI_AUTH_" + relay.host().replace(':', '_').toUpperCase(java.util.Locale.ROOT);
        return Launched.start(
                        sandbox,
                        Map.of(variable, DockerRegistry.USER + ":" + DockerRegistry.SECRET),
                        new byte[0],
                        arguments)
                .result();
    }

    private static TestImages images(DockerRegistry registry) {
        return new TestImages(registry.host(), DockerRegistry.BASIC);
    }

    private TestImages.Blob programs() throws Exception {
        return RegistryFixture.programs(outside);
    }
}
