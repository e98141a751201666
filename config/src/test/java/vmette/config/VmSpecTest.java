package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.UnaryOperator;
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
                refusal(b -> b.timeout(Duration.ofSeconds(Long.MAX_VALUE)), "at most 248 days"));
    }

    private static Arguments refusal(UnaryOperator<VmSpec.Builder> change, String part) {
        return Arguments.of(change, part);
    }

    @ParameterizedTest
    @MethodSource
    void refused(UnaryOperator<VmSpec.Builder> change, String part) {
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
}
