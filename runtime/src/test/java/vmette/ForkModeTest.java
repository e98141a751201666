package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.Fork.Tried;
import vmette.errors.BranchesFailedException;

/** Outcomes are written as what each branch gave, ! where it failed, and . where it is not done. */
class ForkModeTest {
    private static List<Optional<Tried<Integer>>> outcomes(String text) {
        List<Optional<Tried<Integer>>> outcomes = new ArrayList<>();
        for (String one : text.split(" ", -1)) {
            outcomes.add(
                    switch (one) {
                        case "." -> Optional.empty();
                        case "!" -> Optional.of(Tried.failure(new IllegalStateException("no")));
                        default -> Optional.of(Tried.success(Integer.valueOf(one)));
                    });
        }
        return outcomes;
    }

    private static String text(Optional<Tried<Integer>> decided) {
        return decided.map(result -> result.value().map(String::valueOf).orElse("!"))
                .orElse(".");
    }

    @ParameterizedTest
    @CsvSource({
        ".,        ., .",
        "4,        4, 4",
        "!,        !, !",
        ". .,      ., .",
        "! .,      ., .",
        ". 3,      3, .",
        "! 3 .,    3, .",
        "! 3 5,    3, 5",
        "3 ! 5 4,  3, 5",
        "! ! !,    !, !"
    })
    void firstAndBest(String outcomes, String first, String best) {
        assertThat(text(ForkMode.<Integer>first().decide(outcomes(outcomes)))).isEqualTo(first);
        assertThat(text(ForkMode.<Integer>best(Comparator.naturalOrder()).decide(outcomes(outcomes))))
                .isEqualTo(best);
    }

    @Test
    void ofEqualsTheFirstAlternativeIsTheBest() {
        assertThat(text(ForkMode.best(Comparator.<Integer>comparingInt(one -> one / 10))
                        .decide(outcomes("12 25 21 13"))))
                .isEqualTo("25");
    }

    @Test
    void eachFailureIsTold() {
        Tried<Integer> failed =
                ForkMode.<Integer>first().decide(outcomes("! !")).orElseThrow();
        assertThat(failed.failure().orElseThrow())
                .isInstanceOf(BranchesFailedException.class)
                .satisfies(failure -> assertThat(Arrays.asList(failure.getSuppressed()))
                        .hasSize(2)
                        .allMatch(IllegalStateException.class::isInstance));
    }

    @ParameterizedTest
    @CsvSource({".,.,.", "4,4,4", "!,!,!"})
    void aSingleBranchIsAsItIs(String outcome, String single, String tried) {
        assertThat(text(ForkMode.<Integer>single().decide(outcomes(outcome)))).isEqualTo(single);
        assertThat(text(ForkMode.<Integer>tried().decide(outcomes(outcome)).map(result -> result.value()
                        .orElseThrow())))
                .isEqualTo(tried);
    }
}
