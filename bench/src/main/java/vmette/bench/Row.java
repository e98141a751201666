package vmette.bench;

/**
 * One figure.
 *
 * @param name of what was measured
 * @param value in {@code unit}
 * @param unit empty for a plain number
 * @param range between what it lies or the runs behind it do, as text, or empty
 * @param atMost the target, or {@link #NO_TARGET}
 * @param atLeast the target, or minus {@link #NO_TARGET}
 */
record Row(String name, double value, String unit, String range, double atMost, double atLeast) {
    static final double NO_TARGET = Double.POSITIVE_INFINITY;

    Row {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " = " + value + " is no figure");
        }
    }

    static Row of(String name, double value, String unit) {
        return new Row(name, value, unit, "", NO_TARGET, -NO_TARGET);
    }

    /** The median of runs, with their range. */
    static Row of(String name, Samples runs, String unit) {
        String range = runs.values().length == 1 ? "" : Table.number(runs.min()) + " to " + Table.number(runs.max());
        return new Row(name, runs.median(), unit, range, NO_TARGET, -NO_TARGET);
    }

    /** The median of runs, with the range that it lies in with a confidence of 95 %. */
    static Row bounded(String name, Samples runs, String unit) {
        return new Row(
                name,
                runs.median(),
                unit,
                "95 % between " + Table.number(runs.medianAtLeast()) + " and " + Table.number(runs.medianAtMost()),
                NO_TARGET,
                -NO_TARGET);
    }

    Row target(double limit) {
        return new Row(name, value, unit, range, limit, atLeast);
    }

    Row atLeast(double limit) {
        return new Row(name, value, unit, range, atMost, limit);
    }

    boolean hasTarget() {
        return Double.isFinite(atMost) || Double.isFinite(atLeast);
    }

    boolean isMet() {
        return value <= atMost && value >= atLeast;
    }
}
