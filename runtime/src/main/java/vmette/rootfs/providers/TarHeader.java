package vmette.rootfs.providers;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One 512-byte block of headers: POSIX ustar, what GNU tar made of it, and what was there before both. */
final class TarHeader {
    static final int BLOCK = 512;

    private static final byte[] POSIX = "ustar\0".getBytes(StandardCharsets.ISO_8859_1);

    private final byte[] block;

    TarHeader(byte[] block) {
        this.block = block;
    }

    /** The mark of the archive's end. */
    boolean isZero() {
        return Arrays.equals(block, new byte[BLOCK]);
    }

    /** The sum of all bytes, its own field taken for blanks; some have summed signed ones. */
    boolean sumIsRight() {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BLOCK; i++) {
            byte value = i >= 148 && i < 156 ? (byte) ' ' : block[i];
            unsigned += value & 0xff;
            signed += value;
        }
        try {
            long stated = number(148, 8, "checksum");
            return stated == unsigned || stated == signed;
        } catch (TarFormatException e) {
            return false;
        }
    }

    byte type() {
        return block[156];
    }

    /** GNU tar keeps times where POSIX has a prefix. */
    String name() {
        String name = text(0, 100);
        boolean posix = Arrays.equals(block, 257, 263, POSIX, 0, POSIX.length);
        String prefix = posix ? text(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    String link() {
        return text(157, 100);
    }

    int mode() throws TarFormatException {
        return (int) number(100, 8, "mode") & 07777;
    }

    long uid() throws TarFormatException {
        return number(108, 8, "owner");
    }

    long gid() throws TarFormatException {
        return number(116, 8, "group");
    }

    long size() throws TarFormatException {
        return number(124, 12, "size");
    }

    long modified() throws TarFormatException {
        return number(136, 12, "time");
    }

    int major() throws TarFormatException {
        return device(329, 0xfff);
    }

    int minor() throws TarFormatException {
        return device(337, 0xfffff);
    }

    private int device(int offset, int most) throws TarFormatException {
        long number = number(offset, 8, "device number");
        if (number < 0 || number > most) {
            throw new TarFormatException("the device number " + number + " is none of Linux");
        }
        return (int) number;
    }

    private String text(int offset, int length) {
        int end = offset;
        while (end < offset + length && block[end] != 0) {
            end++;
        }
        return new String(block, offset, end - offset, StandardCharsets.ISO_8859_1);
    }

    /** Octal digits, or, with the highest bit set, a big-endian number of two's complement. */
    private long number(int offset, int length, String what) throws TarFormatException {
        return (block[offset] & 0x80) != 0 ? binary(offset, length, what) : octal(offset, length, what);
    }

    private long binary(int offset, int length, String what) throws TarFormatException {
        boolean negative = (block[offset] & 0x40) != 0;
        long value = negative ? block[offset] | 0x80 : block[offset] & 0x3f;
        for (int i = 1; i < length; i++) {
            if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                throw new TarFormatException("the " + what + " is beyond 64 bits");
            }
            value = value << 8 | (block[offset + i] & 0xff);
        }
        return value;
    }

    private long octal(int offset, int length, String what) throws TarFormatException {
        String digits = text(offset, length).strip();
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 7) {
                throw new TarFormatException("the " + what + " '" + TarEntry.shown(digits) + "' is no number");
            }
            value = value << 3 | digit;
        }
        return value;
    }
}
