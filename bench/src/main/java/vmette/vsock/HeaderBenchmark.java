package vmette.vsock;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The header of every packet, into bytes and back. In this package because the header is nobody else's. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeaderBenchmark {
    private final byte[] bytes = new byte[VsockHeader.BYTES];
    private final VsockHeader header =
            new VsockHeader(2, 3, 1024, 5000, 65536, VsockType.STREAM.wire(), VsockOp.RW.wire(), 0, 262144, 77);

    /** Encodes and decodes. */
    @Benchmark
    public int thereAndBack() {
        header.encode(bytes);
        return VsockHeader.decode(bytes).fwdCnt();
    }
}
