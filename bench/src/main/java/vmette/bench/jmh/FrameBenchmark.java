package vmette.bench.jmh;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrameDecoder;
import vmette.guest.protocol.ProtocolException;

/** Frames of the guest's agent, decoded. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameBenchmark {
    private static final byte PONG = (byte) 0x86;
    private static final int BODY = 25;

    private final AgentFrameDecoder decoder = new AgentFrameDecoder();
    private final byte[] pong = ByteBuffer.allocate(4 + BODY)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(BODY)
            .put(PONG)
            .putLong(7)
            .putLong(1000)
            .putLong(5_000_000)
            .array();

    /** One PONG. */
    @Benchmark
    public List<AgentFrame> pong() throws ProtocolException {
        return decoder.decode(pong, 0, pong.length);
    }
}
