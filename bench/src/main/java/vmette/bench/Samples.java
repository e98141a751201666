package vmette.bench;

import java.util.Arrays;

/** What one quantity came to in repeated runs, in the order they were made. Immutable. */
final class Samples {
    private static final double NORMAL_95 = 1.96;

    private final double[] values;

    /** @param values at least one, all finite */
    Samples(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("no samples");
        }
        if (!Arrays.stream(values).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("not all samples are finite: " + Arrays.toString(values));
        }
        this.values = values.clone();
    }

    /** The middle value, or the mean of the two in the middle. */
    double median() {
        double[] sorted = sorted();
        int middle = sorted.length / 2;
        if (sorted.length % 2 == 1) {
            return sorted[middle];
        }
        double sum = sorted[middle - 1] + sorted[middle];
        // Halved first, the least numbers would vanish; added first, the greatest have no sum.
        return Double.isFinite(sum) ? sum / 2 : sorted[middle - 1] / 2 + sorted[middle] / 2;
    }

    /** What the median of all runs there could be is not below, with a confidence of 97.5 %; of few runs the least of them. */
    double medianAtLeast() {
        double[] sorted = sorted();
        return sorted[outer(sorted.length)];
    }

    /** What it is not above, likewise. */
    double medianAtMost() {
        double[] sorted = sorted();
        return sorted[sorted.length - 1 - outer(sorted.length)];
    }

    /** How many runs are farther out: of a normal distribution in place of the binomial one, by 1.96 of its deviations. */
    private static int outer(int runs) {
        return (int) Math.max(0, Math.floor((runs - NORMAL_95 * Math.sqrt(runs)) / 2) - 1);
    }

    private double[] sorted() {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    double min() {
        return Arrays.stream(values).min().orElseThrow();
    }

    double max() {
        return Arrays.stream(values).max().orElseThrow();
    }

    /** This median over that of the other. */
    double ratioTo(Samples other) {
        double base = other.median();
        if (base == 0) {
            throw new IllegalArgumentException("a ratio to a median of 0");
        }
        return median() / base;
    }

    double[] values() {
        return values.clone();
    }

    @Override
    public String toString() {
        return "Samples" + Arrays.toString(values);
    }
}
