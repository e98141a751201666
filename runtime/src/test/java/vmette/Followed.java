package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.stream.OutputChunk;

/**
 * What a client has of an output whose bytes are those of {@code vsock-probe pattern}: checks every chunk as it comes, that it begins
 * where the one before ended, and every byte against its offset.
 */
final class Followed {
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private long next;
    private long received;
    private final List<OutputChunk.Gap> gaps = new ArrayList<>();

    Followed(long from) {
        next = from;
    }

    /** The offset after the last chunk. */
    long next() {
        return next;
    }

    long received() {
        return received;
    }

    List<OutputChunk.Gap> gaps() {
        return gaps;
    }

    long lost() {
        return gaps.stream().mapToLong(gap -> gap.to() - gap.from()).sum();
    }

    Sink<OutputChunk, CompletionStage<Followed>> sink() {
        return Sink.fold(this, Followed::take);
    }

    private Followed take(OutputChunk chunk) {
        assertThat(chunk.from()).isEqualTo(next);
        if (chunk instanceof OutputChunk.Bytes bytes) {
            check(bytes.from(), bytes.bytes());
            received += bytes.bytes().size();
        } else if (chunk instanceof OutputChunk.Gap gap) {
            gaps.add(gap);
        }
        next = chunk.to();
        return this;
    }

    private static void check(long from, ByteString chunk) {
        ByteBuffer bytes = ByteBuffer.wrap(chunk.toArrayUnsafe()).order(ByteOrder.LITTLE_ENDIAN);
        long offset = from;
        while (bytes.hasRemaining()) {
            if (offset % 8 == 0 && bytes.remaining() >= 8) {
                checkAt(offset, bytes.getLong(), offset / 8 * STEP);
                offset += 8;
            } else {
                checkAt(offset, bytes.get(), (byte) ((offset / 8 * STEP) >>> (8 * (offset % 8))));
                offset++;
            }
        }
    }

    private static void checkAt(long offset, long is, long expected) {
        if (is != expected) {
            throw new AssertionError("wrong bytes at offset " + offset);
        }
    }
}
