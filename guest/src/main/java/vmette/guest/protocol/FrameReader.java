package vmette.guest.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** The fields of one frame, whose bytes are all there; every length is checked before it is used. */
final class FrameReader {
    /** A field that is not what the protocol says, and where in the frame it begins. */
    static final class BadField extends Exception {
        private static final long serialVersionUID = 1L;

        private final int position;

        BadField(String what, int position) {
            super(what);
            this.position = position;
        }

        int position() {
            return position;
        }
    }

    private final byte[] bytes;
    private final int end;
    private int position;

    /** Reads {@code bytes[from, end)}. */
    FrameReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.position = from;
        this.end = end;
    }

    int position() {
        return position;
    }

    int remaining() {
        return end - position;
    }

    int u8() throws BadField {
        need(1);
        return bytes[position++] & 0xff;
    }

    /** A {@code u8} of flags of which only bit 0 has a meaning. */
    boolean bit() throws BadField {
        int at = position;
        int flags = u8();
        if (flags > 1) {
            throw new BadField("unknown flags " + flags, at);
        }
        return flags == 1;
    }

    int u16() throws BadField {
        need(2);
        return u8() | u8() << 8;
    }

    long u32() throws BadField {
        need(4);
        return u16() | (long) u16() << 16;
    }

    long u64() throws BadField {
        need(8);
        return u32() | u32() << 32;
    }

    Instant time() throws BadField {
        int at = position;
        long nanos = u64();
        if (nanos < 0) {
            throw new BadField("a time of " + Long.toUnsignedString(nanos) + " ns", at);
        }
        return WireTime.instant(nanos);
    }

    /** A {@code u32} that has to fit into an {@code int}. */
    int int32() throws BadField {
        int at = position;
        long value = u32();
        if (value > Integer.MAX_VALUE) {
            throw new BadField("number " + value + " is out of range", at);
        }
        return (int) value;
    }

    <E extends Enum<E> & WireValue> E u8(E[] values) throws BadField {
        int at = position;
        int wire = u8();
        for (E value : values) {
            if (value.wire() == wire) {
                return value;
            }
        }
        throw new BadField("there is no " + values[0].getDeclaringClass().getSimpleName() + " " + wire, at);
    }

    byte[] bytes(int count) throws BadField {
        need(count);
        byte[] copy = new byte[count];
        System.arraycopy(bytes, position, copy, 0, count);
        position += count;
        return copy;
    }

    String str() throws BadField {
        int at = position;
        long length = u32();
        if (length > remaining()) {
            throw new BadField("text of " + length + " bytes where " + remaining() + " are left", at);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, position, (int) length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadField("text that is not UTF-8", at);
        }
        if (text.indexOf('\0') >= 0) {
            throw new BadField("text with a NUL", at);
        }
        position += (int) length;
        return text;
    }

    /** A body must be used up exactly by its fields. */
    void end() throws BadField {
        if (remaining() != 0) {
            throw new BadField(remaining() + " bytes too many", position);
        }
    }

    private void need(int count) throws BadField {
        if (count > remaining()) {
            throw new BadField("the frame ends within a field", position);
        }
    }
}
