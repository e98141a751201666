package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;

class VmSpecTest {
    static Stream<Arguments> refused() {
        return Stream.of(
                refusal(b -> b.vcpus(0), "vcpus = 0"),
                refusal(b -> b.vcpus(256), "vcpus = 256"),
                refusal(b -> b.memoryMib(1), "memory = 1 MiB is refused: allowed is at least 64 MiB"),
                refusal(b -> b.name("../x"), "name"),
                refusal(b -> b.env("A-B", "x"), "env = A-B"),
                refusal(b -> b.env("A", "x\0y"), "env.A"),
                refusal(b -> b.exec("echo \0"), "exec"),
                refusal(b -> b.cmdline("a\nb"), "cmdline"),
                refusal(b -> b.publish(-1, 80), "publish: the host port = -1 is refused: allowed is 0 to 65535"),
                refusal(b -> b.publish(65536, 80), "publish: the host port = 65536"),
                refusal(b -> b.publish(80, 0), "publish: the guest port = 0 is refused: allowed is 1 to 65535"),
                refusal(b -> b.publish(80, 81).publish(80, 82), "publish names the host port 80 twice"),
                refusal(b -> b.timeout(Duration.ofSeconds(-1)), "timeout = -1s"),
                refusal(b -> b.netHostLoopback(true), "net-host-loopback needs net"),
                refusal(b -> b.rootfs(" "), "rootfs = ''"),
                refusal(b -> b.rootfs("a\0b"), "rootfs holds a NUL"),
                refusal(b -> b.rootfsReadOnly(true), "rootfs-read-only needs a rootfs"),
                refusal(b -> b.switchRoot(true), "switch-root needs a rootfs"),
                refusal(b -> b.share("ctl", Path.of("/")), "share: the tag = ctl is refused"),
                refusal(b -> b.share("a/b", Path.of("/")), "share: the tag = a/b is refused"),
                refusal(b -> b.share("a".repeat(37), Path.of("/")), "at most 36"),
                refusal(b -> b.share("a", Path.of("/")).share("a", Path.of("/tmp")), "the tag a names two shares"),
                refusal(VmSpecTest::twentyOneDisks, "the number of disks and shares = 21 is refused"),
                refusal(b -> b.scratchMib(15), "scratch = 15 MiB is refused: allowed is 0 (in memory) or at least 16"),
                refusal(b -> b.scratchMib(-1), "scratch = -1 MiB"),
                refusal(b -> b.timeout(Duration.ofSeconds(Long.MAX_VALUE)), "at most 248 days"));
    }

    private static VmSpecBuilder twentyOneDisks(VmSpecBuilder builder) {
        IntStream.range(0, 21).forEach(i -> builder.disk(Path.of("disk-" + i)));
        return builder;
    }

    private static Arguments refusal(UnaryOperator<VmSpecBuilder> change, String part) {
        return Arguments.of(change, part);
    }

    @ParameterizedTest
    @MethodSource
    void refused(UnaryOperator<VmSpecBuilder> change, String part) {
        assertThatThrownBy(() -> change.apply(VmSpec.builder()).build())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(part);
    }

    @Test
    void toBuilderKeepsEverything() {
        VmSpec spec = VmSpec.builder()
                .name("a")
                .exec("true")
                .env("A", "b")
                .vcpus(2)
                .memoryMib(128)
                .timeout(Duration.ofSeconds(1))
                .vsockPort(7)
                .cmdline("quiet")
                .publish(8080, 80)
                .publish(0, 81)
                .publish(0, 82)
                .net(true)
                .netHostLoopback(true)
                .rootfs("debian:12")
                .rootfsReadOnly(true)
                .switchRoot(true)
                .share("work", Path.of("/tmp"))
                .share(new Share("docs", Path.of("/usr"), true))
                .disk(Path.of("/tmp/disk.img"))
                .scratchMib(1024)
                .caCerts(Path.of("/etc/ssl/company"))
                .build();
        assertThat(spec.toBuilder().build()).isEqualTo(spec);
    }

    @Test
    void aPublishedPortIsReadAsItIsWritten() {
        assertThat(PublishedPort.parse("8080:80"))
                .isEqualTo(new PublishedPort(8080, 80))
                .hasToString("8080:80");
        assertThat(PublishedPort.parse("0:65535")).isEqualTo(new PublishedPort(0, 65535));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "80",
                "80:",
                ":80",
                "a:80",
                "80:80:80",
                "-1:80",
                "80 :80",
                "123456:1",
                "1:99999",
                "80:0",
                "\u0661:1"
            })
    void whatIsNoPairOfPortsIsRefused(String text) {
        assertThatThrownBy(() -> PublishedPort.parse(text))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("publish");
    }

    @Test
    void aShareIsReadAsItIsWritten() {
        assertThat(Share.parse("work=/a=b", false)).isEqualTo(new Share("work", Path.of("/a=b"), false));
        assertThat(Share.parse("home=~/x", true).path()).isEqualTo(Path.of(System.getProperty("user.home"), "x"));
        assertThat(Share.parse("rel=dir", false).path()).isAbsolute();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "work", "work=", "=/tmp", "/tmp"})
    void whatIsNoShareIsRefused(String text) {
        assertThatThrownBy(() -> Share.parse(text, false))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("TAG=PATH");
    }

    @Test
    void aListGivenAsAWholeTakesThePlaceOfWhatWasThere() {
        VmSpec spec =
                VmSpec.builder().publish(1, 1).share("old", Path.of("/old")).disk(Path.of("/old")).build().toBuilder()
                        .publish(List.of(new PublishedPort(2, 2)))
                        .shares(List.of(new Share("new", Path.of("/new"), true)))
                        .disks(List.of(Path.of("/new")))
                        .build();
        assertThat(spec.publish()).containsExactly(new PublishedPort(2, 2));
        assertThat(spec.storage().shares()).containsExactly(new Share("new", Path.of("/new"), true));
        assertThat(spec.storage().disks()).containsExactly(Path.of("/new"));
    }
}
