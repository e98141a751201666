package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.rootfs.providers.oci.TestImages.directory;
import static vmette.rootfs.providers.oci.TestImages.file;
import static vmette.rootfs.providers.oci.TestImages.hardLink;
import static vmette.rootfs.providers.oci.TestImages.layer;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.ExitStatus;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.VmSpec;

/** An image of a real registry is the root of a real VM, and its user, directory, environment and entrypoint are the command's. */
class OciRootIT {
    private static final int DEADLINE_SECONDS = 240;

    @TempDir
    Path directory;

    @Test
    void aCommandRunsAsTheImageSays() throws Exception {
        try (DockerRegistry registry = DockerRegistry.open(directory)) {
            TestImages.Blob programs = RegistryFixture.programs(directory);
            new TestImages(registry.host())
                    .pushImage(
                            "team/app",
                            "v1",
                            "{\"User\":\"app\",\"WorkingDir\":\"/srv\",\"Env\":[\"COLOUR=blue\",\"PATH=/bin\"],"
                                    + "\"Entrypoint\":[\"/bin/wrap\"],\"Cmd\":[\"never\"]}",
                            programs,
                            layer(
                                    file("bin/wrap", "#!/bin/sh\necho wrapped\nexec \"$@\"\n"),
                                    directory("srv"),
                                    file("srv/gone", "x"),
                                    file("srv/kept", "kept\n")),
                            layer(file("srv/.wh.gone", ""), hardLink("srv/again", "srv/kept")));
            String root = "oci://" + registry.host() + "/team/app:v1";
            String line = "id -u; pwd; echo $COLOUR $EXTRA; ls; cat again";
            String expected = "wrapped\n1000\n/srv\nblue more\nagain\nkept\nkept\n";
            assertThat(run(root, line)).isEqualTo(expected);
            registry.kill();
            assertThat(run(root, line)).as("from the cache").isEqualTo(expected);
        }
    }

    private static String run(String root, String line) throws Exception {
        try (Vmette vmette = Vmette.create()) {
            Sink<ByteString, CompletionStage<ByteString>> all =
                    Sink.fold(ByteString.emptyByteString(), ByteString::concat);
            java.util.concurrent.CompletableFuture<ByteString> out = new java.util.concurrent.CompletableFuture<>();
            VmSpec spec = VmSpec.builder()
                    .memoryMib(256)
                    .rootfs(root)
                    .env("EXTRA", "more")
                    .exec(line)
                    .build();
            ExitStatus status = vmette.run(
                            spec,
                            new RunStreams(
                                    Source.empty(),
                                    all.mapMaterializedValue(done -> done.thenAccept(out::complete)),
                                    Sink.ignore()))
                    .toCompletableFuture()
                    .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            assertThat(status.code()).isZero();
            return out.get(DEADLINE_SECONDS, TimeUnit.SECONDS).utf8String();
        }
    }
}
