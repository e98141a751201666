package vmette.control;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Frames to bytes and back. A length is checked before it is used, and nothing is kept beyond one frame. */
final class ControlCodec {
    /** What a client sends first: the protocol's name and version. */
    static final byte[] OPENING = "VMP1".getBytes(StandardCharsets.US_ASCII);

    /** The greatest length of a frame's body in bytes. */
    static final int MAX_BODY = 256 << 10;

    private static final int HEADER = 5;
    /** The most words in a frame. */
    static final int MAX_WORDS = 64;

    private static final int GRANT_SIZE = 1 + Integer.BYTES;
    private static final int LAST_STREAM = 2;
    private static final int REQUEST = 1;
    private static final int DATA = 2;
    private static final int END = 3;
    private static final int ANSWER = 4;
    private static final int SUCCEEDED = 5;
    private static final int FAILED = 6;
    private static final int ERRORS = 7;
    private static final int GRANT = 8;

    private ControlCodec() {}

    /** The next frame. @throws EOFException where there is none, or only half of one; IOException for what is none */
    static ControlFrame read(InputStream in) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(exactly(in, HEADER)).order(ByteOrder.LITTLE_ENDIAN);
        int type = header.get();
        int length = header.getInt();
        if (length < 0 || length > MAX_BODY) {
            throw new IOException("a control frame of " + Integer.toUnsignedString(length) + " bytes");
        }
        byte[] body = exactly(in, length);
        return switch (type) {
            case REQUEST -> new ControlFrame.Request(words(body));
            case DATA -> new ControlFrame.Data(body);
            case END -> empty(body, new ControlFrame.End());
            case ANSWER -> new ControlFrame.Answer(words(body));
            case SUCCEEDED -> empty(body, new ControlFrame.Succeeded());
            case FAILED -> failed(words(body));
            case ERRORS -> new ControlFrame.Errors(body);
            case GRANT -> grant(body);
            default -> throw new IOException("a control frame of the unknown type " + type);
        };
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the control connection has ended");
        }
        return bytes;
    }

    private static ControlFrame empty(byte[] body, ControlFrame frame) throws IOException {
        if (body.length > 0) {
            throw new IOException("a control frame with a body that has none");
        }
        return frame;
    }

    private static ControlFrame failed(List<String> words) throws IOException {
        if (words.size() != 2) {
            throw new IOException("a control frame that tells a failure in " + words.size() + " words");
        }
        return new ControlFrame.Failed(words.get(0), words.get(1));
    }

    private static ControlFrame grant(byte[] body) throws IOException {
        if (body.length != GRANT_SIZE) {
            throw new IOException("a control frame that grants in " + body.length + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        int stream = in.get();
        int bytes = in.getInt();
        if (stream < 0 || stream > LAST_STREAM || bytes < 1 || bytes > Credit.MOST) {
            throw new IOException("a control frame that grants what there is not");
        }
        return new ControlFrame.Grant(stream, bytes);
    }

    private static List<String> words(byte[] body) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        List<String> words = new ArrayList<>();
        while (in.hasRemaining()) {
            int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
            if (length < 0 || length > in.remaining() || words.size() == MAX_WORDS) {
                throw new IOException("a control frame with broken words");
            }
            words.add(new String(body, in.position(), length, StandardCharsets.UTF_8));
            in.position(in.position() + length);
        }
        return words;
    }

    /** The bytes of a frame. */
    static byte[] write(ControlFrame frame) {
        if (frame instanceof ControlFrame.Request request) {
            return frame(REQUEST, words(request.words()));
        } else if (frame instanceof ControlFrame.Data data) {
            return frame(DATA, data.bytes());
        } else if (frame instanceof ControlFrame.End) {
            return frame(END, new byte[0]);
        } else if (frame instanceof ControlFrame.Answer answer) {
            return frame(ANSWER, words(answer.words()));
        } else if (frame instanceof ControlFrame.Failed failed) {
            return frame(FAILED, words(List.of(failed.reason(), failed.message())));
        } else if (frame instanceof ControlFrame.Errors errors) {
            return frame(ERRORS, errors.bytes());
        } else if (frame instanceof ControlFrame.Grant grant) {
            return frame(GRANT, grant(grant));
        }
        return frame(SUCCEEDED, new byte[0]);
    }

    private static byte[] words(List<String> words) {
        List<byte[]> encoded = words.stream()
                .map(word -> word.getBytes(StandardCharsets.UTF_8))
                .toList();
        int size =
                encoded.stream().mapToInt(word -> Integer.BYTES + word.length).sum();
        ByteBuffer body = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        encoded.forEach(word -> body.putInt(word.length).put(word));
        return body.array();
    }

    private static byte[] grant(ControlFrame.Grant grant) {
        return ByteBuffer.allocate(GRANT_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) grant.stream())
                .putInt(grant.bytes())
                .array();
    }

    private static byte[] frame(int type, byte[] body) {
        if (body.length > MAX_BODY) {
            throw new IllegalArgumentException("a control frame of " + body.length + " bytes");
        }
        return ByteBuffer.allocate(HEADER + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) type)
                .putInt(body.length)
                .put(body)
                .array();
    }
}
