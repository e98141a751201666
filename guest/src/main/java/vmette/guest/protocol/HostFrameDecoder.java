package vmette.guest.protocol;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import vmette.errors.InvalidConfigException;

/**
 * Reads the host's frames from one control connection, in chunks of any size; for those who play the agent.
 *
 * <p>It holds one incomplete frame at most. After a violation it is of no use any more. Not for use by several threads at once.
 */
public final class HostFrameDecoder {
    private static final byte[] NOTHING = new byte[0];
    private static final int PREFIX = 4;

    private byte[] pending = NOTHING;

    /**
     * Takes the connection's next bytes and gives the frames that they complete.
     *
     * @param chunk an array with them; neither kept nor changed
     * @param offset where they begin in it
     * @param length how many they are
     * @throws ProtocolException when they break the protocol
     * @throws IndexOutOfBoundsException when the array does not hold that range
     */
    public List<HostFrame> decode(byte[] chunk, int offset, int length) throws ProtocolException {
        Objects.checkFromIndexSize(offset, length, chunk.length);
        byte[] bytes = Arrays.copyOf(pending, pending.length + length);
        System.arraycopy(chunk, offset, bytes, pending.length, length);
        List<HostFrame> frames = new ArrayList<>();
        int at = 0;
        try {
            while (bytes.length - at >= PREFIX) {
                long body = new FrameReader(bytes, at, bytes.length).u32();
                if (body < 1 || body > GuestProtocol.MAX_FRAME) {
                    throw new ProtocolException("a frame of " + body + " bytes", at, List.of());
                }
                if (bytes.length - at - PREFIX < body) {
                    break;
                }
                int end = at + PREFIX + (int) body;
                FrameReader reader = new FrameReader(bytes, at + PREFIX, end);
                frames.add(fields(reader));
                reader.end();
                at = end;
            }
        } catch (FrameReader.BadField e) {
            throw new ProtocolException(e.getMessage(), e.position(), List.of());
        } catch (InvalidConfigException e) {
            throw new ProtocolException(e.getMessage(), at, List.of());
        }
        pending = at == bytes.length ? NOTHING : Arrays.copyOfRange(bytes, at, bytes.length);
        return frames;
    }

    private static HostFrame fields(FrameReader in) throws FrameReader.BadField {
        int at = in.position();
        int type = in.u8();
        return switch (type) {
            case FrameType.HELLO -> new HostFrame.Hello(in.u16());
            case FrameType.BOOT -> new HostFrame.Boot(in.u8(RootMode.values()), in.str(), strings(in));
            case FrameType.EXEC -> exec(in.u64(), flags(in), in);
            case FrameType.SCRATCH -> new HostFrame.Scratch(in.str());
            case FrameType.ROOT -> root(in);
            case FrameType.NET -> new HostFrame.Net(ipv4(in), in.u8(), ipv4(in), ipv4(in));
            case FrameType.TRUST -> new HostFrame.Trust(strings(in));
            case FrameType.RESTORE -> restore(in);
            case FrameType.INSTANCE -> new HostFrame.Instance(InstanceId.of(in.bytes(InstanceId.BYTES)));
            case FrameType.SHARE -> new HostFrame.Share(bool(in), in.str());
            case FrameType.SIGNAL -> new HostFrame.Signal(in.u64(), in.int32(), bool(in));
            case FrameType.RESIZE -> new HostFrame.Resize(in.u64(), window(in));
            case FrameType.PING -> new HostFrame.Ping(in.u64());
            case FrameType.SHUTDOWN -> new HostFrame.Shutdown();
            case FrameType.DISCARD -> new HostFrame.Discard(in.u64(), in.u8(StreamId.values()));
            case FrameType.FORWARD -> new HostFrame.Forward(in.u64(), Token.of(in.bytes(Token.BYTES)), in.u16());
            case FrameType.ATTACH ->
                new HostFrame.Attach(in.u64(), in.u8(StreamId.values()), Token.of(in.bytes(Token.BYTES)), in.u64());
            case FrameType.RELEASE -> new HostFrame.Release(in.u64());
            default -> throw new FrameReader.BadField("no frame of the host has type " + type, at);
        };
    }

    private static HostFrame exec(long execution, Set<ExecFlag> flags, FrameReader in) throws FrameReader.BadField {
        return new HostFrame.Exec(
                execution,
                flags,
                stream(in),
                stream(in),
                stream(in),
                Duration.ofMillis(in.u32()),
                Duration.ofMillis(in.u32()),
                in.int32(),
                window(in),
                in.str(),
                strings(in),
                strings(in),
                flags.contains(ExecFlag.USER) ? in.str() : "");
    }

    private static Ipv4 ipv4(FrameReader in) throws FrameReader.BadField {
        byte[] bytes = in.bytes(4);
        return Ipv4.of(bytes[0] & 255, bytes[1] & 255, bytes[2] & 255, bytes[3] & 255);
    }

    private static HostFrame restore(FrameReader in) throws FrameReader.BadField {
        return new HostFrame.Restore(
                in.time(),
                Entropy.of(in.bytes(Entropy.BYTES)),
                InstanceId.of(in.bytes(InstanceId.BYTES)),
                in.str(),
                strings(in));
    }

    private static HostFrame root(FrameReader in) throws FrameReader.BadField {
        int flags = in.u8();
        return new HostFrame.Root((flags & 1) != 0, (flags & 2) != 0, in.str(), in.str());
    }

    private static Set<ExecFlag> flags(FrameReader in) throws FrameReader.BadField {
        int at = in.position();
        long bits = in.u32();
        Set<ExecFlag> flags = EnumSet.noneOf(ExecFlag.class);
        for (ExecFlag flag : ExecFlag.values()) {
            if ((bits & flag.bit()) != 0) {
                flags.add(flag);
            }
        }
        if (ExecFlag.bits(flags) != bits) {
            throw new FrameReader.BadField("unknown EXEC flags", at);
        }
        return flags;
    }

    private static StreamSetup stream(FrameReader in) throws FrameReader.BadField {
        return new StreamSetup(in.u8(StreamMode.values()), Token.of(in.bytes(Token.BYTES)));
    }

    private static WindowSize window(FrameReader in) throws FrameReader.BadField {
        return new WindowSize(in.u16(), in.u16());
    }

    private static boolean bool(FrameReader in) throws FrameReader.BadField {
        int at = in.position();
        int value = in.u8();
        if (value > 1) {
            throw new FrameReader.BadField("a flag of " + value, at);
        }
        return value == 1;
    }

    private static List<String> strings(FrameReader in) throws FrameReader.BadField {
        long count = in.u32();
        List<String> texts = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            texts.add(in.str());
        }
        return texts;
    }
}
