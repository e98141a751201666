package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.RestoreMode;
import vmette.errors.RestoreFailedException;
import vmette.process.CowSupport;

class RestoreModesTest {
    private static final CowSupport YES = new CowSupport(Optional.empty());
    private static final CowSupport NO = new CowSupport(Optional.of("kernel.yama.ptrace_scope is 2"));

    private static CowSupport notAsked() {
        throw new AssertionError("this takes time and changes nothing");
    }

    @ParameterizedTest
    @CsvSource({
        "AUTO, false, true,  COW",
        "AUTO, false, false, COPY",
        "COW,  false, true,  COW",
    })
    void dependsOnWhatThisProcessMay(RestoreMode requested, boolean shares, boolean may, RestoreMode chosen) {
        assertThat(RestoreModes.choose(requested, shares, () -> may ? YES : NO).mode())
                .isEqualTo(chosen);
    }

    @ParameterizedTest
    @CsvSource({
        "COPY, false",
        "COPY, true",
        "AUTO, true",
        "COW,  true",
    })
    void copiesWithoutAskingWhereThatIsWishedOrSomebodyElseMapsTheMemory(RestoreMode requested, boolean shares) {
        RestoreModes.Choice choice = RestoreModes.choose(requested, shares, RestoreModesTest::notAsked);
        assertThat(choice.mode()).isEqualTo(RestoreMode.COPY);
        assertThat(choice.why()).contains(requested == RestoreMode.COPY ? "demanded" : "shared directories");
    }

    @Test
    void saysWhyItCopies() {
        assertThat(RestoreModes.choose(RestoreMode.AUTO, false, () -> NO).why()).contains("ptrace_scope is 2");
    }

    @Test
    void whatIsDemandedAndNotToBeHadIsRefused() {
        assertThatThrownBy(() -> RestoreModes.choose(RestoreMode.COW, false, () -> NO))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("cow")
                .hasMessageContaining("ptrace_scope is 2")
                .hasMessageContaining("copy");
    }
}
