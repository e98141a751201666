package vmette.bench;

import vmette.errors.InvalidConfigException;

/** Checks of options. */
final class Counts {
    private Counts() {}

    static void requireAtLeast(String option, long value, long least) {
        if (value < least) {
            throw new InvalidConfigException(option + " = " + value + " is too few: use at least " + least);
        }
    }
}
