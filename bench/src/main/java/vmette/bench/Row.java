package vmette.bench;

/**
 * One figure.
 *
 * @param name of what was measured
 * @param value in {@code unit}
 * @param unit empty for a plain number
 * @param atMost the target, or {@link #NO_TARGET}
 */
record Row(String name, double value, String unit, double atMost) {
    static final double NO_TARGET = Double.POSITIVE_INFINITY;

    Row {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " = " + value + " is no figure");
        }
    }

    static Row of(String name, double value, String unit) {
        return new Row(name, value, unit, NO_TARGET);
    }

    Row target(double limit) {
        return new Row(name, value, unit, limit);
    }

    boolean hasTarget() {
        return Double.isFinite(atMost);
    }

    boolean isMet() {
        return value <= atMost;
    }
}
