package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class SamplesTest {
    @Example
    void theMedianOfAnOddNumberIsTheMiddleOne() {
        assertThat(new Samples(30, 1, 2).median()).isEqualTo(2);
    }

    @Example
    void theMedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
        assertThat(new Samples(30, 1, 2, 4).median()).isEqualTo(3);
    }

    @Example
    void theGreatestNumbersHaveAMedianToo() {
        assertThat(new Samples(Double.MAX_VALUE, Double.MAX_VALUE).median()).isEqualTo(Double.MAX_VALUE);
    }

    @Example
    void keepsTheOrderOfTheRuns() {
        Samples samples = new Samples(3, 1, 2);
        samples.median();
        assertThat(samples.values()).containsExactly(3, 1, 2);
        assertThat(samples.min()).isEqualTo(1);
        assertThat(samples.max()).isEqualTo(3);
    }

    @Example
    void aRatioIsOneOfMedians() {
        assertThat(new Samples(11, 1100, 10).ratioTo(new Samples(9, 10, 500))).isEqualTo(1.1);
    }

    @Example
    void theMedianLiesWhereTheSignTestSays() {
        // Tables of the binomial distribution: of 100, the 40th and the 61st; of 6, the outermost.
        Samples hundred =
                new Samples(IntStream.rangeClosed(1, 100).asDoubleStream().toArray());
        assertThat(hundred.medianAtLeast()).isEqualTo(40);
        assertThat(hundred.medianAtMost()).isEqualTo(61);
        assertThat(new Samples(3, 1, 2, 6, 5, 4).medianAtLeast()).isEqualTo(1);
        assertThat(new Samples(3, 1, 2, 6, 5, 4).medianAtMost()).isEqualTo(6);
        assertThat(new Samples(3).medianAtMost()).isEqualTo(3);
    }

    @Example
    void refusesWhatHasNoMedian() {
        assertThatIllegalArgumentException().isThrownBy(Samples::new);
        assertThatIllegalArgumentException().isThrownBy(() -> new Samples(1, Double.NaN));
        assertThatIllegalArgumentException().isThrownBy(() -> new Samples(1).ratioTo(new Samples(0)));
    }

    @Property
    void halfOfTheRunsAreNotAboveTheMedianAndHalfNotBelow(@ForAll @Size(min = 1, max = 50) double[] values) {
        double median = new Samples(values).median();
        long notAbove = Arrays.stream(values).filter(value -> value <= median).count();
        long notBelow = Arrays.stream(values).filter(value -> value >= median).count();
        assertThat(2 * notAbove).isGreaterThanOrEqualTo(values.length);
        assertThat(2 * notBelow).isGreaterThanOrEqualTo(values.length);
        double most = DoubleStream.of(values).max().orElseThrow();
        assertThat(median).isLessThanOrEqualTo(most);
    }
}
