package vmette.guest.protocol;

import vmette.errors.InvalidConfigException;

/**
 * A terminal's size in characters.
 *
 * @param rows 0 to 65535; 0 means unknown
 * @param columns 0 to 65535; 0 means unknown
 */
public record WindowSize(int rows, int columns) {
    /** For commands without a terminal. */
    public static final WindowSize UNKNOWN = new WindowSize(0, 0);

    public WindowSize {
        if (rows >>> 16 != 0 || columns >>> 16 != 0) {
            throw new InvalidConfigException("a terminal of " + rows + " rows and " + columns
                    + " columns is impossible: each is 0 (unknown) to 65535");
        }
    }
}
