package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.config.ExecSpec.Replay;
import vmette.config.ExecSpec.WhenFull;
import vmette.errors.InvalidConfigException;

class ExecSpecTest {
    @Test
    void aDetachedCommandHasNoInputAndKeepsWhatElseWasSaid() {
        ExecSpec spec = ExecSpec.of("a", "b").withDirectory("/tmp").detached(WhenFull.BLOCK, 4096);
        assertThat(spec.stdin()).isFalse();
        assertThat(spec.stdout()).isTrue();
        assertThat(spec.directory()).contains("/tmp");
        assertThat(spec.replay()).contains(new Replay(Optional.of(4096), WhenFull.BLOCK));
        assertThat(spec.withEnv("A", "b").replay()).isEqualTo(spec.replay());
        assertThat(spec.detached(WhenFull.OVERWRITE).replay())
                .contains(new Replay(Optional.of(4096), WhenFull.OVERWRITE));
        assertThat(ExecSpec.of("a").detached(WhenFull.OVERWRITE).replay())
                .contains(new Replay(Optional.empty(), WhenFull.OVERWRITE));
        assertThat(ExecSpec.of("a").replay()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, 0, Replay.MIN_BYTES - 1, Replay.MAX_BYTES + 1, Integer.MAX_VALUE})
    void aReplayBufferOutOfRangeIsRefused(int bytes) {
        assertThatThrownBy(() -> ExecSpec.of("a").detached(WhenFull.BLOCK, bytes))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("replay buffer = " + bytes)
                .hasMessageContaining("4096 to 67108864");
    }
}
