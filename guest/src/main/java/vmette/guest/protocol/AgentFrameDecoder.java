package vmette.guest.protocol;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Reads the agent's frames from one control connection, in chunks of any size.
 *
 * <p>It holds one incomplete frame at most and grows with the bytes that have really come, so that an announced length costs
 * nothing. After a violation it stays broken. Not for use by several threads at once.
 */
public final class AgentFrameDecoder {
    private static final int PREFIX = 4;
    private static final int FIRST_CAPACITY = 256;

    private byte[] pending = new byte[0];
    private int held;
    private long consumed;
    private boolean broken;

    /**
     * Takes the connection's next bytes and gives the frames that they complete.
     *
     * @param chunk an array with them; neither kept nor changed
     * @param offset where they begin in it
     * @param length how many they are
     * @return the frames, in order; often none
     * @throws ProtocolException when they break the protocol, and at every later call
     * @throws IndexOutOfBoundsException when the array does not hold that range
     */
    public List<AgentFrame> decode(byte[] chunk, int offset, int length) throws ProtocolException {
        Objects.checkFromIndexSize(offset, length, chunk.length);
        List<AgentFrame> frames = new ArrayList<>();
        if (broken) {
            throw violation("bytes after a violation", 0, frames);
        }
        int at = offset;
        int end = offset + length;
        while (at < end) {
            if (held == 0 && end - at >= PREFIX) {
                int whole = PREFIX + frameLength(chunk, at, frames);
                if (end - at >= whole) {
                    frames.add(frame(chunk, at, whole, frames));
                    at += whole;
                    continue;
                }
            }
            at += hold(chunk, at, end, frames);
        }
        return frames;
    }

    /**
     * The connection has ended.
     *
     * @throws ProtocolException when it ended within a frame
     */
    public void end() throws ProtocolException {
        if (!broken && held > 0) {
            throw violation("the connection ended within a frame", held, List.of());
        }
    }

    /** Moves what the pending frame still lacks out of the chunk, decodes it when complete; gives how much was moved. */
    private int hold(byte[] chunk, int at, int end, List<AgentFrame> frames) throws ProtocolException {
        int whole = held < PREFIX ? PREFIX : PREFIX + frameLength(pending, 0, frames);
        int moved = Math.min(end - at, whole - held);
        if (pending.length < held + moved) {
            int doubled = Math.min(Math.max(FIRST_CAPACITY, 2 * pending.length), PREFIX + GuestProtocol.MAX_FRAME);
            pending = Arrays.copyOf(pending, Math.max(doubled, held + moved));
        }
        System.arraycopy(chunk, at, pending, held, moved);
        held += moved;
        if (held == whole && whole > PREFIX) {
            frames.add(frame(pending, 0, whole, frames));
            held = 0;
            pending = pending.length > FIRST_CAPACITY ? new byte[0] : pending;
        } else if (held == PREFIX) {
            // refuses a bad length as soon as it is there, not with the byte after it
            frameLength(pending, 0, frames);
        }
        return moved;
    }

    private int frameLength(byte[] bytes, int at, List<AgentFrame> before) throws ProtocolException {
        long length = (bytes[at] & 0xffL)
                | (bytes[at + 1] & 0xffL) << 8
                | (bytes[at + 2] & 0xffL) << 16
                | (bytes[at + 3] & 0xffL) << 24;
        if (length < 1 || length > GuestProtocol.MAX_FRAME) {
            throw violation(
                    "a frame of " + length + " bytes where 1 to " + GuestProtocol.MAX_FRAME + " are allowed",
                    0,
                    before);
        }
        return (int) length;
    }

    private AgentFrame frame(byte[] bytes, int at, int whole, List<AgentFrame> before) throws ProtocolException {
        FrameReader reader = new FrameReader(bytes, at + PREFIX, at + whole);
        try {
            AgentFrame frame = fields(reader);
            reader.end();
            consumed += whole;
            return frame;
        } catch (FrameReader.BadField e) {
            throw violation(e.getMessage(), e.position() - at, before);
        } catch (IllegalArgumentException e) {
            throw violation(e.getMessage(), PREFIX, before);
        }
    }

    private static AgentFrame fields(FrameReader in) throws FrameReader.BadField {
        int at = in.position();
        int type = in.u8();
        return switch (type) {
            case FrameType.AGENT_HELLO -> new AgentFrame.Hello(in.u16(), in.str());
            case FrameType.READY -> ready(in);
            case FrameType.ERROR -> new AgentFrame.Error(in.u16(), in.int32(), in.str());
            case FrameType.STARTED -> new AgentFrame.Started(in.u64(), in.int32());
            case FrameType.EXEC_FAILED -> new AgentFrame.ExecFailed(in.u64(), in.int32(), in.str());
            case FrameType.PONG -> new AgentFrame.Pong(in.u64(), in.u64(), nanos(in));
            case FrameType.EXITED ->
                new AgentFrame.Exited(in.u64(), in.u8(AgentFrame.ExitKind.values()), in.int32(), in.bit());
            case FrameType.ATTACHED ->
                new AgentFrame.Attached(
                        in.u64(),
                        in.u8(StreamId.values()),
                        Token.of(in.bytes(Token.BYTES)),
                        in.u8(AgentFrame.AttachmentState.values()),
                        in.int32(),
                        in.u64(),
                        in.int32());
            case FrameType.FORWARDED -> new AgentFrame.Forwarded(in.u64(), in.int32());
            case FrameType.RESTORED ->
                new AgentFrame.Restored(
                        InstanceId.of(in.bytes(InstanceId.BYTES)),
                        in.time(),
                        nanos(in),
                        new AgentFrame.RestoreSteps(nanos(in), nanos(in), nanos(in), nanos(in), nanos(in)),
                        ready(in));
            default ->
                throw new FrameReader.BadField("no frame of the agent has type 0x" + Integer.toHexString(type), at);
        };
    }

    private static AgentFrame.Ready ready(FrameReader in) throws FrameReader.BadField {
        return new AgentFrame.Ready(nanos(in), in.u64(), in.str());
    }

    private static Duration nanos(FrameReader in) throws FrameReader.BadField {
        return Duration.ofNanos(in.u64());
    }

    private ProtocolException violation(String what, int within, List<AgentFrame> before) {
        broken = true;
        held = 0;
        pending = new byte[0];
        return new ProtocolException(what, consumed + within, before);
    }
}
