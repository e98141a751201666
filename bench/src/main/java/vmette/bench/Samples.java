package vmette.bench;

import java.util.Arrays;

/** What one quantity came to in repeated runs, in the order they were made. Immutable. */
final class Samples {
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
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        if (sorted.length % 2 == 1) {
            return sorted[middle];
        }
        double sum = sorted[middle - 1] + sorted[middle];
        // Halved first, the least numbers would vanish; added first, the greatest have no sum.
        return Double.isFinite(sum) ? sum / 2 : sorted[middle - 1] / 2 + sorted[middle] / 2;
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
