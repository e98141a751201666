package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.rootfs.providers.oci.TestImages.directory;
import static vmette.rootfs.providers.oci.TestImages.file;
import static vmette.rootfs.providers.oci.TestImages.hardLink;
import static vmette.rootfs.providers.oci.TestImages.layer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;

/** Pulls from a real registry, through a relay that counts what is asked. */
class RegistryPullTest {
    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    private static DockerRegistry registry;
    private static TestImages images;

    private static final String CONFIG =
            "{\"Env\":[\"PATH=/usr/bin\",\"A=b=c\"],\"WorkingDir\":\"/srv\",\"User\":\"agent:staff\",\"Entrypoint\":[\"/bin/run\"],\"Cmd\":[\"-v\",\"x y\"]}";

    private static final TestImages.Blob BASE = layer(directory("etc"), file("etc/a", "one"), file("etc/gone", "x"));
    private static final TestImages.Blob TOP =
            layer(file("etc/.wh.gone", ""), file("bin/run", "#!/bin/sh\n"), hardLink("bin/again", "bin/run"));

    private Relay relay;
    private Pulls pulls;

    @BeforeAll
    static void start() throws Exception {
        registry = DockerRegistry.open(shared);
        images = new TestImages(registry.host());
    }

    @AfterAll
    static void stop() {
        if (registry != null) {
            registry.close();
        }
    }

    @BeforeEach
    void relay() throws IOException {
        relay = new Relay(registry.port());
        pulls = new Pulls(directory);
    }

    @AfterEach
    void unrelay() throws IOException {
        relay.close();
    }

    @Test
    void ofAnIndexOurPlatformsImageComesWithItsLayersAndDefaults() throws Exception {
        TestImages.Blob ours = images.pushImage("team/app", "", CONFIG, BASE, TOP);
        TestImages.Blob theirs = images.pushImage("team/app", "", "arm64", "{}", TOP);
        TestImages.Blob index =
                TestImages.index(theirs.forPlatform("linux", "arm64"), ours.forPlatform("linux", "amd64"));
        images.pushManifest("team/app", "v1", index);

        PulledImage pulled = pulls.pull("oci://" + relay.host() + "/team/app:v1");

        assertThat(pulled.manifest()).isEqualTo(ours.digest());
        assertThat(pulled.defaults())
                .isEqualTo(new ImageDefaults(
                        List.of("PATH=/usr/bin", "A=b=c"),
                        "/srv",
                        "agent:staff",
                        List.of("/bin/run"),
                        List.of("-v", "x y")));
        assertThat(pulled.layers()).hasSize(2);
        assertThat(Pulls.bytes(pulled.layers().get(0))).isEqualTo(BASE.bytes());
        assertThat(Pulls.bytes(pulled.layers().get(1))).isEqualTo(TOP.bytes());
        assertThat(pulls.progress.transfers).hasSize(2).allSatisfy((name, left) -> {
            assertThat(name).startsWith("layer ");
            assertThat(left).hasValue(0);
        });
        assertThat(pulls.progress.open).hasValue(0);
        // the index, our manifest, our configuration and two layers: nothing of the other platform's
        assertThat(relay.requests()).hasSize(5);
        assertThat(pulls.files()).hasSize(6).noneMatch(name -> name.contains("partial"));
    }

    @Test
    void theSameLayerTwiceIsFetchedOnce() throws Exception {
        images.pushImage("team/twice", "v1", "{}", BASE, TOP, BASE);
        PulledImage pulled = pulls.pull(relay.host() + "/team/twice:v1");
        assertThat(pulled.layers()).hasSize(3);
        assertThat(pulled.layers().get(2)).isEqualTo(pulled.layers().get(0));
        assertThat(relay.requests("GET /v2/team/twice/blobs/" + BASE.digest())).hasSize(1);
    }

    @Test
    void withinTheTagsTimeNothingIsAsked() throws Exception {
        images.pushImage("team/cached", "v1", CONFIG, BASE, TOP);
        PulledImage first = pulls.pull(relay.host() + "/team/cached:v1");
        relay.forget();
        pulls.clock.advance(Pulls.TTL.minusMillis(1));

        assertThat(pulls.pull(relay.host() + "/team/cached:v1"))
                .usingRecursiveComparison()
                .isEqualTo(first);
        assertThat(relay.requests()).isEmpty();
    }

    @Test
    void afterTheTagsTimeOneHeadWillDoIfItHasNotMoved() throws Exception {
        images.pushImage("team/stays", "v1", CONFIG, BASE);
        PulledImage first = pulls.pull(relay.host() + "/team/stays:v1");
        relay.forget();
        pulls.clock.advance(Pulls.TTL);

        assertThat(pulls.pull(relay.host() + "/team/stays:v1").manifest()).isEqualTo(first.manifest());
        assertThat(relay.requests()).hasSize(1).first().asString().startsWith("HEAD /v2/team/stays/manifests/v1 ");

        // and it counts from then again
        relay.forget();
        pulls.clock.advance(Pulls.TTL.dividedBy(2));
        pulls.pull(relay.host() + "/team/stays:v1");
        assertThat(relay.requests()).isEmpty();
    }

    @Test
    void aTagThatMovedIsFollowedAfterItsTimeAndOnlyWhatIsNewIsFetched() throws Exception {
        images.pushImage("team/moves", "v1", "{}", BASE);
        PulledImage old = pulls.pull(relay.host() + "/team/moves:v1");
        images.pushImage("team/moves", "v1", CONFIG, BASE, TOP);
        relay.forget();

        assertThat(pulls.pull(relay.host() + "/team/moves:v1").manifest()).isEqualTo(old.manifest());
        assertThat(relay.requests()).isEmpty();

        pulls.clock.advance(Pulls.TTL);
        PulledImage moved = pulls.pull(relay.host() + "/team/moves:v1");
        assertThat(moved.manifest()).isNotEqualTo(old.manifest());
        assertThat(moved.layers()).hasSize(2);
        assertThat(relay.requests("GET /v2/team/moves/blobs/" + BASE.digest())).isEmpty();
        assertThat(relay.requests("GET /v2/team/moves/blobs/" + TOP.digest())).hasSize(1);
    }

    @Test
    void aReferenceByDigestIsNeverAskedForAgain() throws Exception {
        TestImages.Blob manifest = images.pushImage("team/fixed", "v1", CONFIG, BASE);
        String reference = relay.host() + "/team/fixed@" + manifest.digest();
        pulls.pull(reference);
        relay.close();
        pulls.clock.advance(Duration.ofDays(1000));
        assertThat(pulls.pull(reference).manifest()).isEqualTo(manifest.digest());
    }

    @Test
    void offlineTakesWhatIsThereWhateverItsAge() throws Exception {
        images.pushImage("team/offline", "v1", CONFIG, BASE);
        PulledImage first = pulls.pull(relay.host() + "/team/offline:v1");
        relay.forget();
        pulls.clock.advance(Duration.ofDays(1000));
        assertThat(pulls.offline(relay.host() + "/team/offline:v1").manifest()).isEqualTo(first.manifest());
        assertThat(relay.requests()).isEmpty();
    }

    @Test
    void offlineSaysWhatIsMissing() throws Exception {
        images.pushImage("team/partly", "v1", CONFIG, BASE, TOP);
        String reference = relay.host() + "/team/partly:v1";
        assertThatThrownBy(() -> pulls.offline(reference))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(reference)
                .hasMessageContaining("what the tag v1 means")
                .hasMessageContaining("--offline");
        assertThat(relay.requests()).isEmpty();

        PulledImage pulled = pulls.pull(reference);
        Files.delete(
                pulls.cache.resolve("oci/blobs/sha256").resolve(TOP.digest().hex()));
        assertThatThrownBy(() -> pulls.offline(reference))
                .hasMessageContaining("the layer " + TOP.digest())
                .hasMessageNotContaining(BASE.digest().toString());

        // with the network only that one is fetched
        relay.forget();
        assertThat(pulls.pull(reference)).usingRecursiveComparison().isEqualTo(pulled);
        assertThat(relay.requests()).hasSize(1);
    }

    @Test
    void aRegistryThatIsGoneLeavesWhatTheTagMeantWithAWarning() throws Exception {
        images.pushImage("team/gone", "v1", CONFIG, BASE);
        PulledImage first = pulls.pull(relay.host() + "/team/gone:v1");
        relay.close();
        pulls.clock.advance(Pulls.TTL);
        assertThat(pulls.pull(relay.host() + "/team/gone:v1").manifest()).isEqualTo(first.manifest());
        assertThat(pulls.progress.lines)
                .last()
                .asString()
                .startsWith("warning: " + relay.host())
                .contains("2026-01-01");
    }

    @Test
    void whatCannotBeHadIsSaidWithARemedy() throws Exception {
        images.pushImage("team/there", "v1", CONFIG, BASE);
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/there:v2"))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(relay.host() + "/team/there:v2")
                .hasMessageContaining("404 MANIFEST_UNKNOWN")
                .hasMessageContaining("check the name");
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/nowhere"))
                .hasMessageContaining("team/nowhere:latest")
                .hasMessageContaining("404");
        relay.close();
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/there:v1"))
                .hasMessageContaining("connection refused")
                .hasMessageContaining("check the network");
        assertThat(pulls.files()).isEmpty();
    }

    @Test
    void anImageForAnotherPlatformIsRefused() {
        TestImages.Blob arm = images.pushImage("team/arm", "v1", "arm64", "{}", BASE);
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/arm:v1"))
                .hasMessageContaining("linux/arm64")
                .hasMessageContaining("linux/amd64");
        images.pushManifest("team/arm", "many", TestImages.index(arm.forPlatform("linux", "arm64")));
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/arm:many"))
                .hasMessageContaining("it is for linux/arm64");
    }

    @Test
    void overTheCapNoLayerIsFetched() throws Exception {
        images.pushImage("team/big", "v1", "{}", TestImages.noise(60_000, 1), TestImages.noise(60_000, 2));
        pulls.most = 100_000;
        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/big:v1")).hasMessageContaining("100000");
        assertThat(relay.passed()).isLessThan(60_000);
        assertThat(pulls.files()).noneMatch(name -> name.contains("partial"));
    }

    @Test
    void aBlobThatIsNotWhatItsDigestSaysIsRefusedAndTheCacheStaysWhole() throws Exception {
        TestImages.Blob good = TestImages.noise(50_000, 3);
        TestImages.Blob bad = TestImages.noise(50_000, 4);
        images.pushImage("team/damaged", "v1", "{}", good, bad);
        byte[] other = bad.bytes().clone();
        other[40_000] ^= 1;
        Files.write(registry.stored(bad.digest()), other);

        assertThatThrownBy(() -> pulls.pull(relay.host() + "/team/damaged:v1"))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(bad.digest().toString())
                .hasMessageContaining(Digest.of(other).toString());
        assertThat(pulls.files())
                .noneMatch(name -> name.contains(bad.digest().hex()))
                .noneMatch(name ->
                        name.contains("partial") && !name.contains(good.digest().hex()));

        Files.write(registry.stored(bad.digest()), bad.bytes());
        PulledImage pulled = pulls.pull(relay.host() + "/team/damaged:v1");
        assertThat(Pulls.bytes(pulled.layers().get(1))).isEqualTo(bad.bytes());
    }

    @Test
    void aManifestOrLayerThatTheDiskDamagedIsFetchedAnew() throws Exception {
        TestImages.Blob manifest = images.pushImage("team/bitrot", "v1", "{}", BASE);
        PulledImage pulled = pulls.pull(relay.host() + "/team/bitrot:v1");
        Path blobs = pulls.cache.resolve("oci/blobs/sha256");
        Files.writeString(blobs.resolve(manifest.digest().hex()), "{}", StandardCharsets.UTF_8);
        assertThat(pulls.pull(relay.host() + "/team/bitrot:v1").manifest()).isEqualTo(manifest.digest());

        byte[] damaged = BASE.bytes().clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(blobs.resolve(BASE.digest().hex()), damaged);
        assertThatThrownBy(() -> pulled.layers().get(0).open())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("try again");
        PulledImage again = pulls.pull(relay.host() + "/team/bitrot:v1");
        assertThat(Pulls.bytes(again.layers().get(0))).isEqualTo(BASE.bytes());
    }
}
