package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.Share;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;

class SpecTranslationTest {
    @TempDir
    private Path files;

    private Path kernel;
    private Path initramfs;
    private Path disk;

    @BeforeEach
    void make() throws Exception {
        kernel = Files.createFile(files.resolve("kernel"));
        initramfs = Files.createFile(files.resolve("initramfs"));
        disk = Files.createFile(files.resolve("disk"));
    }

    private VmSpecBuilder whole() {
        return VmSpec.builder().kernel(kernel).initramfs(initramfs).exec("true");
    }

    @Test
    void everythingThatTheAbiCanSayIsSaid() {
        VmSpec spec = whole().cmdline("quiet")
                .rootfs(files)
                .rootfsReadOnly(true)
                .switchRoot(true)
                .share("work", files)
                .env("B", "2")
                .env("A", "")
                .disk(disk)
                .net(true)
                .vsockPort(0)
                .guestVsockPort(77)
                .timeout(Duration.ofMillis(1_001))
                .vcpus(255)
                .memoryMib(64)
                .scratchMib(16)
                .build();
        assertThat(RunConfig.of("web", spec))
                .isEqualTo(new RunConfig(
                        kernel.toString(),
                        initramfs.toString(),
                        Optional.of("quiet"),
                        Optional.of(files.toString()),
                        true,
                        new TreeMap<>(Map.of("work", files.toString())),
                        new TreeMap<>(Map.of("A", "", "B", "2")),
                        List.of(disk.toString()),
                        Optional.of("true"),
                        true,
                        true,
                        0,
                        77,
                        2,
                        255,
                        64,
                        16,
                        Optional.empty(),
                        Optional.empty()));
    }

    @Test
    void defaultsAreThoseOfTheAbi() {
        RunConfig config = RunConfig.of("web", whole().build());
        assertThat(config)
                .returns(1, RunConfig::vcpus)
                .returns(512L, RunConfig::memMib)
                .returns(0L, RunConfig::timeoutSeconds)
                .returns(1025L, RunConfig::guestVsockPort);
        assertThat(config.vsockPort()).isNegative();
        assertThat(RunConfig.of("web", VmSpec.builder().exec("true").build()))
                .returns("", RunConfig::kernel)
                .returns("", RunConfig::initramfs);
    }

    @Test
    void snapshotsOfTheLibraryAreAskedForByAbsolutePaths() {
        VmSpec build = VmSpec.builder()
                .kernel(kernel)
                .initramfs(initramfs)
                .buildSnapshot(Path.of("golden"))
                .build();
        assertThat(RunConfig.of("web", build).buildSnapshot())
                .contains(Path.of("golden").toAbsolutePath().toString());
        VmSpec resume = whole().resumeSnapshot(files.resolve("golden")).build();
        assertThat(RunConfig.of("web", resume).resumeSnapshot())
                .contains(files.resolve("golden").toString());
    }

    private void assertRefused(UnaryOperator<VmSpecBuilder> change, String word) {
        VmSpec spec = change.apply(whole()).build();
        assertThatThrownBy(() -> RunConfig.of("web", spec))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageStartingWith("VM web is to run through libvmette and ")
                .hasMessageContaining(word);
    }

    @Test
    void whatTheAbiHasNoFunctionForIsRefused() {
        assertRefused(spec -> spec.modules(files), "modules");
        assertRefused(spec -> spec.publish(8080, 80), "publish");
        assertRefused(spec -> spec.net(true).netHostLoopback(true), "net-host-loopback");
        assertRefused(spec -> spec.caCerts(files), "ca-certs");
        assertRefused(spec -> spec.rootfs(files).rootfsImage(true), "rootfs-image");
        assertRefused(spec -> spec.share(new Share("work", files, true)), "shares-read-only");
        assertRefused(spec -> spec.warmUp("true"), "snapshot.warm-up");
        assertRefused(spec -> spec.saveable(true), "snapshot.saveable");
        assertRefused(spec -> spec.snapshots(SnapshotSpec.builder().golden(true).build()), "snapshot.golden");
        assertRefused(
                spec -> spec.snapshots(SnapshotSpec.builder()
                        .checkpointInterval(Duration.ofMinutes(1))
                        .build()),
                "snapshot.checkpoint-interval");
        assertRefused(
                spec -> spec.snapshots(SnapshotSpec.builder()
                        .passivateAfter(Duration.ofMinutes(1))
                        .build()),
                "snapshot.passivate-after");
    }

    @Test
    void whatIsMissingOrIsSomethingElseIsRefused() {
        Path none = files.resolve("none");
        assertRefused(spec -> spec.kernel(none), "kernel " + none);
        assertRefused(spec -> spec.initramfs(files), "initramfs " + files);
        assertRefused(spec -> spec.disk(none), "disk " + none);
        assertRefused(spec -> spec.rootfs("debian:12"), "rootfs debian:12");
        assertRefused(spec -> spec.rootfs(kernel), "no directory");
        assertRefused(spec -> spec.share("work", none), "share work " + none);
        VmSpec shell = VmSpec.builder().kernel(kernel).initramfs(initramfs).build();
        assertThatThrownBy(() -> RunConfig.of("web", shell)).hasMessageContaining("needs exec");
    }

    @Test
    void textThatCHasNoneOfIsRefused() {
        assertThatThrownBy(() -> CText.of("exec", "a\0b"))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("exec holds a NUL");
        assertThatThrownBy(() -> CText.of("exec", "\ud83d"))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("half a surrogate pair");
        assertThat(CText.of("exec", "ü")).containsExactly(0xc3, 0xbc, 0);
        VmSpec half = whole().env("A", "\ud83d").build();
        assertThatThrownBy(() -> RunConfig.of("web", half)).hasMessageContaining("env A");
    }
}
