package vmette.fuzz;

import java.util.Random;

/**
 * Dice that show what some bytes say, and zeros when they are used up: so a fuzzer steers what a property leaves to chance,
 * and a play that was written for {@link Random} serves both.
 */
public final class ByteDice extends Random {
    private static final long serialVersionUID = 1L;

    private final byte[] bytes;
    private int at;

    /** @param bytes not copied */
    public ByteDice(byte[] bytes) {
        super(0);
        this.bytes = bytes;
    }

    /** Whether a byte is left. */
    public boolean more() {
        return at < bytes.length;
    }

    private int take(int count) {
        int value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | (at < bytes.length ? bytes[at++] & 0xff : 0);
        }
        return value;
    }

    @Override
    protected int next(int bits) {
        return take((bits + 7) / 8) >>> ((32 - bits) & 7);
    }

    @Override
    public int nextInt() {
        return take(Integer.BYTES);
    }

    /** Takes one byte where one is enough, so that a byte changed is a decision changed. */
    @Override
    public int nextInt(int bound) {
        return Integer.remainderUnsigned(take(bound <= 1 << 8 ? 1 : bound <= 1 << 16 ? 2 : 4), bound);
    }

    @Override
    public long nextLong() {
        return (long) take(Integer.BYTES) << 32 | Integer.toUnsignedLong(take(Integer.BYTES));
    }
}
