package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.errors.InvalidConfigException;

class SnapshotSpecTest {
    private static RuntimeSettings read(String hocon) {
        return RuntimeSettings.from(ConfigFactory.parseString(
                "vmette { " + hocon + " }", ConfigParseOptions.defaults().setOriginDescription("here")));
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                refusal(
                        s -> s.buildAt(Path.of("/a")).resumeFrom(Path.of("/b")),
                        "build-snapshot and resume-snapshot exclude each other: a VM is saved as /a, or restored from /b"),
                refusal(s -> s.buildAt(Path.of("")), "build-snapshot = '' is refused: allowed is a path"),
                refusal(s -> s.resumeFrom(Path.of(" ")), "resume-snapshot = ' ' is refused: allowed is a path"),
                refusal(s -> s.guestVsockPort(0), "guest-vsock-port = 0 is refused: allowed is 1 to 2147483647"),
                refusal(s -> s.guestVsockPort(-1), "guest-vsock-port = -1"),
                refusal(s -> s.warmUp(" "), "snapshot.warm-up = ' ' is refused: allowed is a command line"),
                refusal(s -> s.warmUp("a\0b"), "snapshot.warm-up holds a NUL"),
                refusal(
                        s -> s.checkpointInterval(Duration.ofSeconds(-1)),
                        "snapshot.checkpoint-interval = -1s is refused: allowed is a duration of 0 or more"),
                refusal(s -> s.checkpointInterval(Duration.ofDays(249)), "at most 248 days"),
                refusal(s -> s.checkpointKeep(0), "snapshot.checkpoint-keep = 0 is refused: allowed is 1 to 100"),
                refusal(s -> s.checkpointKeep(101), "snapshot.checkpoint-keep = 101"),
                refusal(s -> s.checkpointInterval(Duration.ofSeconds(Long.MAX_VALUE)), "at most 248 days"),
                refusal(
                        s -> s.passivateAfter(Duration.ofMillis(999)),
                        "snapshot.passivate-after = 999 ms is refused: allowed is 0 (never), or 1s and more"),
                refusal(s -> s.passivateAfter(Duration.ofSeconds(-1)), "snapshot.passivate-after = -1s"),
                refusal(s -> s.passivateAfter(Duration.ofDays(249)), "at most 248 days"));
    }

    private static Arguments refusal(UnaryOperator<SnapshotSpecBuilder> change, String message) {
        return Arguments.of(change, message);
    }

    @ParameterizedTest
    @MethodSource
    void refused(UnaryOperator<SnapshotSpecBuilder> change, String message) {
        assertThatThrownBy(() -> change.apply(SnapshotSpec.builder()).build())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(message);
    }

    static Stream<Arguments> thoseThatSave() {
        return Stream.of(
                refusal(s -> s.buildAt(Path.of("/snap")), "build-snapshot"),
                refusal(s -> s.resumeFrom(Path.of("/snap")), "resume-snapshot"),
                refusal(s -> s.saveable(true), "snapshot.saveable"),
                refusal(s -> s.golden(true), "snapshot.golden"),
                refusal(s -> s.checkpointInterval(Duration.ofSeconds(1)), "snapshot.checkpoint-interval"));
    }

    @ParameterizedTest
    @MethodSource("thoseThatSave")
    void whatIsOutsideOfASnapshotDoesNotGoWithIt(UnaryOperator<SnapshotSpecBuilder> change, String key) {
        SnapshotSpec snapshots = change.apply(SnapshotSpec.builder()).build();
        assertThat(VmSpec.builder().snapshots(snapshots).scratchMib(64).build().snapshots())
                .isEqualTo(snapshots);
        assertThatThrownBy(() -> VmSpec.builder()
                        .snapshots(snapshots)
                        .share("work", Path.of("/tmp"))
                        .build())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageStartingWith(key + " does not go with the share work, which is outside of what is saved:");
        assertThatThrownBy(() -> VmSpec.builder()
                        .disk(Path.of("/data.img"))
                        .snapshots(snapshots)
                        .build())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageStartingWith(
                        key + " does not go with the disk /data.img, which is outside of what is saved:");
    }

    @Test
    void disksAndSharesGoWithAVmThatMayBeSavedButNeedNot() {
        VmSpec spec = VmSpec.builder()
                .guestVsockPort(7)
                .share("work", Path.of("/tmp"))
                .disk(Path.of("/data.img"))
                .build();
        assertThat(spec.snapshots().needsSaving()).isFalse();
        assertThat(spec.snapshots().guestVsockPort()).isEqualTo(7);
    }

    @Test
    void aBuilderKeepsEverything() {
        SnapshotSpec all = new SnapshotSpec(
                Optional.empty(),
                Optional.of(Path.of("/snap")),
                1,
                Optional.of("make"),
                true,
                true,
                Duration.ofSeconds(2),
                100,
                true,
                Duration.ofSeconds(1));
        assertThat(all.toBuilder().build()).isEqualTo(all);
        VmSpec spec = VmSpec.builder().snapshots(all).build();
        assertThat(spec.snapshots()).isEqualTo(all);
        assertThat(spec.toBuilder().build()).isEqualTo(spec);
        assertThat(VmSpec.builder().build().snapshots()).isEqualTo(SnapshotSpec.NONE);
        assertThat(VmSpec.builder()
                        .buildSnapshot(Path.of("/snap"))
                        .warmUp("make")
                        .saveable(true)
                        .guestVsockPort(2)
                        .build()
                        .snapshots())
                .isEqualTo(SnapshotSpec.builder()
                        .buildAt(Path.of("/snap"))
                        .warmUp("make")
                        .saveable(true)
                        .guestVsockPort(2)
                        .build());
    }

    @Test
    void whatIsConfiguredIsTaken() {
        SnapshotSpec spec =
                read("vm { build-snapshot = ~/snap, guest-vsock-port = 2147483647, snapshot { warm-up = make, saveable = true, golden = true,"
                                + " checkpoint-interval = 5m, checkpoint-keep = 100, checkpoint-while-streams-open = true, passivate-after = 10m } }")
                        .vm()
                        .snapshots();
        assertThat(spec)
                .isEqualTo(new SnapshotSpec(
                        Optional.of(Path.of(System.getProperty("user.home"), "snap")),
                        Optional.empty(),
                        Integer.MAX_VALUE,
                        Optional.of("make"),
                        true,
                        true,
                        Duration.ofMinutes(5),
                        100,
                        true,
                        Duration.ofMinutes(10)));
        assertThat(read("vm.resume-snapshot = /snap").vm().snapshots().resume()).contains(Path.of("/snap"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vm.guest-vsock-port = 0 | vmette.vm.guest-vsock-port = 0 (here: 1) is refused: allowed is a whole number from 1 to 2147483647",
                "vm.guest-vsock-port = 2147483648 | vmette.vm.guest-vsock-port = 2147483648",
                "vm.snapshot.checkpoint-keep = 0 | vmette.vm.snapshot.checkpoint-keep = 0 (here: 1) is refused: allowed is a whole number from 1 to 100",
                "vm.snapshot.checkpoint-interval = 5 | a number with its unit",
                "vm.snapshot.checkpoint-interval = -1s | a duration of 0 or more",
                "vm.snapshot.golden = perhaps | true or false",
                "vm.snapshot.gold = true | is not a setting; the nearest one is vmette.vm.snapshot.golden",
                "vm.snapshot = no | vmette.vm.snapshot = no (here: 1) is refused: allowed is a section",
                "snapshot.restore = fast | vmette.snapshot.restore = fast (here: 1) is refused: allowed is auto, cow, copy",
                "snapshot.dirs = /x | is not a setting; the nearest one is vmette.snapshot.dir",
            })
    void whatIsConfiguredWronglyIsRefusedByItsKey(String hocon, String message) {
        assertThatThrownBy(() -> read(hocon))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void snapshotsAreInTheCacheUnlessToldOtherwise() {
        assertThat(read("cache-dir = /c").snapshot())
                .isEqualTo(new SnapshotSettings(Path.of("/c/snapshots"), RestoreMode.AUTO))
                .isEqualTo(SnapshotSettings.in(Path.of("/c")));
        assertThat(read("cache-dir = /c, snapshot { dir = /s, restore = copy }").snapshot())
                .isEqualTo(new SnapshotSettings(Path.of("/s"), RestoreMode.COPY));
        assertThat(read("snapshot.restore = COW").offline().snapshot().restore())
                .isEqualTo(RestoreMode.COW);
        assertThat(RestoreMode.COW.word()).isEqualTo("cow");
    }
}
