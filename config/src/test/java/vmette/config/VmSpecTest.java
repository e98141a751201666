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
                .build();
        assertThat(spec.toBuilder().build()).isEqualTo(spec);
    }
}
