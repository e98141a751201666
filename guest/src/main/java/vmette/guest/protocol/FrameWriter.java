package vmette.guest.protocol;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** One frame in the making; its length is filled in by {@link #finish}. */
final class FrameWriter {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(64);

    FrameWriter(int type) {
        u8(type);
    }

    FrameWriter u8(int value) {
        body.write(value);
        return this;
    }

    FrameWriter u16(int value) {
        return u8(value).u8(value >>> 8);
    }

    FrameWriter u32(long value) {
        return u16((int) value).u16((int) (value >>> 16));
    }

    FrameWriter u64(long value) {
        return u32(value).u32(value >>> 32);
    }

    FrameWriter bytes(byte[] bytes) {
        body.writeBytes(bytes);
        return this;
    }

    FrameWriter str(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return u32(utf8.length).bytes(utf8);
    }

    FrameWriter strings(List<String> texts) {
        u32(texts.size());
        texts.forEach(this::str);
        return this;
    }

    /** The bytes of type and body so far. */
    int length() {
        return body.size();
    }

    byte[] finish() {
        byte[] frame = new byte[4 + body.size()];
        for (int i = 0; i < 4; i++) {
            frame[i] = (byte) (body.size() >>> (8 * i));
        }
        System.arraycopy(body.toByteArray(), 0, frame, 4, body.size());
        return frame;
    }
}
