package vmette.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import akka.NotUsed;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.errors.AttachException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;

/** An attachment whose agent and guest are the test. */
class ReplayTest extends StreamFixture {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final OutputChunk BREAK = new OutputChunk.Gap(0, 1);

    private CompletableFuture<Long> end;

    @BeforeEach
    void noEndYet() {
        end = new CompletableFuture<>();
    }

    /** An attachment whose data connection stands. */
    private final class Attached {
        final TestSubscriber.Probe<OutputChunk> out;
        final FakeVsockHost.Dial dial;
        final FakeChannel channel;

        Attached(long from, long start, int ring, CompletableFuture<Long> end, Duration patience) {
            Replay.Granted granted = new Replay.Granted(bytes("opening"), from, start, ring, end);
            out = Replay.source(vsock, PORT, granted, patience)
                    .toMat(TestSink.create(kit.system()), Keep.right())
                    .run(materializer);
            out.ensureSubscription();
            dial = host.nextDial();
            channel = dial.open();
            assertThat(new String(channel.read(7), US_ASCII)).isEqualTo("opening");
        }

        void deliver(String text) {
            channel.deliver(text.getBytes(US_ASCII));
        }

        OutputChunk next() {
            return out.requestNext();
        }

        long acknowledged() {
            return ByteBuffer.wrap(channel.read(8))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong();
        }
    }

    private Attached attached(long from, long start, int ring) {
        return new Attached(from, start, ring, end, LONG);
    }

    private static OutputChunk chunk(long from, String text) {
        return new OutputChunk.Bytes(from, bytes(text));
    }

    @Test
    void chunksAreContiguousFromTheOffsetAskedFor() {
        Attached attached = attached(7, 7, 4096);
        attached.out.request(2);
        attached.deliver("abc");
        attached.deliver("de");
        attached.out.expectNext(chunk(7, "abc"), chunk(10, "de"));
        attached.channel.checkContract();
    }

    @Test
    void whatIsGoneComesFirst() {
        Attached attached = attached(7, 1000, 4096);
        assertThat(attached.next()).isEqualTo(new OutputChunk.Gap(7, 1000));
        attached.out.request(1);
        attached.deliver("abc");
        assertThat(attached.out.expectNext()).isEqualTo(chunk(1000, "abc"));
    }

    @Test
    void aGapIsToldAlsoWhenNothingIsLeft() {
        Attached attached = new Attached(7, 1000, 4096, end, LONG);
        attached.channel.end();
        end.complete(1000L);
        assertThat(attached.next()).isEqualTo(new OutputChunk.Gap(7, 1000));
        attached.out.expectComplete();
    }

    @Test
    void whatWasTakenIsAcknowledgedEveryQuarterOfTheWindow() {
        Attached attached = attached(0, 0, 40);
        attached.out.request(10);
        attached.deliver("123456789");
        attached.deliver("0");
        assertThat(attached.acknowledged()).isEqualTo(10);
        attached.deliver("12345678901234567890");
        assertThat(attached.acknowledged()).isEqualTo(30);
        attached.deliver("123456789");
        attached.deliver("0123456789");
        assertThat(attached.acknowledged()).isEqualTo(49);
        assertThat(attached.channel.written()).hasSize(7 + 3 * 8);
        attached.channel.checkContract();
    }

    @Test
    void nothingIsAskedForOrAcknowledgedWithoutDemand() {
        Attached attached = attached(0, 0, 40);
        attached.out.request(1);
        attached.deliver("x".repeat(10));
        attached.out.expectNext(chunk(0, "x".repeat(10)));
        assertThat(attached.channel.hasDemand()).isFalse();
        assertThat(attached.channel.requests()).isEqualTo(1);
        assertThat(attached.channel.written())
                .as("a chunk is taken when the next is asked for")
                .hasSize(7);
        attached.out.request(1);
        assertThat(attached.acknowledged()).isEqualTo(10);
    }

    @Test
    void aWindowOfOneByteIsAcknowledgedByteByByte() {
        Attached attached = attached(5, 5, 1);
        attached.out.request(4);
        for (int i = 6; i < 9; i++) {
            attached.deliver("x");
            assertThat(attached.acknowledged()).isEqualTo(i);
        }
    }

    @Test
    void theConnectionsEndIsNoEndWithoutTheAgentsWord() {
        Attached attached = new Attached(0, 0, 40, end, LONG);
        attached.out.request(2);
        attached.deliver("abc");
        attached.out.expectNext(chunk(0, "abc"));
        attached.channel.end();
        attached.out.expectNoMessage(scala.concurrent.duration.Duration.create(100, "ms"));
        end.complete(3L);
        attached.out.expectComplete();
        attached.channel.awaitOutputShut();
    }

    @Test
    void theAgentsWordMayOvertakeTheBytes() {
        Attached attached = new Attached(0, 0, 40, end, LONG);
        end.complete(3L);
        attached.out.request(2);
        attached.deliver("abc");
        attached.out.expectNext(chunk(0, "abc"));
        attached.channel.end();
        attached.out.expectComplete();
    }

    @Test
    void anOutputThatIsShorterThanTheAgentSaysIsAFailure() {
        Attached attached = new Attached(0, 0, 40, end, LONG);
        end.complete(4L);
        attached.out.request(2);
        attached.deliver("abc");
        attached.out.expectNext(chunk(0, "abc"));
        attached.channel.end();
        assertThat(attached.out.expectError())
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("4 bytes");
    }

    @Test
    void anAgentThatDoesNotSayWhyTheConnectionEndedIsNotWaitedForForEver() {
        Attached attached = new Attached(0, 0, 40, end, Duration.ofMillis(10));
        attached.out.request(1);
        attached.channel.end();
        assertThat(attached.out.expectError())
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("byte 0");

        Attached reset = new Attached(0, 0, 40, new CompletableFuture<>(), Duration.ofMillis(10));
        reset.out.request(1);
        reset.channel.resetByPeer();
        assertThat(reset.out.expectError()).isInstanceOf(VsockResetException.class);
    }

    @Test
    void theAgentsReasonIsBetterThanTheReset() {
        Attached attached = new Attached(0, 0, 40, end, LONG);
        attached.out.request(1);
        attached.channel.resetByPeer();
        AttachException reason = new AttachException(AttachException.Reason.TAKEN_OVER, "taken over");
        end.completeExceptionally(reason);
        assertThat(attached.out.expectError()).isSameAs(reason);
    }

    @Test
    void aConnectionThatBreaksBeforeItsLastByteIsAFailureEvenIfTheOutputHasEnded() {
        Attached attached = new Attached(0, 0, 40, end, LONG);
        attached.out.request(1);
        end.complete(3L);
        attached.channel.resetByPeer();
        assertThat(attached.out.expectError()).isInstanceOf(VsockResetException.class);
    }

    @Test
    void aBeginningBeforeTheOffsetAskedForIsAViolation() {
        Replay.Granted granted = new Replay.Granted(bytes("x"), 10, 9, 40, end);
        TestSubscriber.Probe<OutputChunk> out = Replay.source(vsock, PORT, granted)
                .toMat(TestSink.create(kit.system()), Keep.right())
                .run(materializer);
        assertThat(out.expectSubscriptionAndError())
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("protocol");
    }

    @Test
    void noOutputHasMoreBytesThanOffsets() {
        Attached attached = attached(Long.MAX_VALUE - 2, Long.MAX_VALUE - 2, 40);
        attached.out.request(2);
        attached.deliver("ab");
        attached.out.expectNext(chunk(Long.MAX_VALUE - 2, "ab"));
        attached.deliver("c");
        assertThat(attached.out.expectError())
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("protocol");
    }

    /** An output of 26 bytes whose first ten are gone; each attachment breaks after two chunks of its own. */
    private static Source<OutputChunk, NotUsed> breaking(long from) {
        List<OutputChunk> chunks = new ArrayList<>();
        if (from < 10) {
            chunks.add(new OutputChunk.Gap(from, 10));
        }
        for (int at = (int) Math.max(from, 10); at < 26 && chunks.size() < 2; at += 4) {
            chunks.add(chunk(at, "abcdefghijklmnopqrstuvwxyz".substring(at, Math.min(at + 4, 26))));
        }
        if (chunks.get(chunks.size() - 1).to() < 26) {
            chunks.add(BREAK);
        }
        return Source.from(chunks).map(chunk -> {
            if (chunk == BREAK) {
                throw new VsockResetException("broken");
            }
            return chunk;
        });
    }

    @Test
    void aResumedOutputIsContiguousHoweverOftenItBreaks() {
        AtomicInteger attempts = new AtomicInteger();
        List<OutputChunk> chunks = Await.value(Replay.resuming(5, from -> {
                    attempts.incrementAndGet();
                    return breaking(from);
                })
                .runWith(Sink.seq(), materializer));
        assertThat(attempts.get()).isGreaterThan(1);
        assertThat(chunks.get(0)).isEqualTo(new OutputChunk.Gap(5, 10));
        StringBuilder text = new StringBuilder();
        for (OutputChunk chunk : chunks.subList(1, chunks.size())) {
            assertThat(chunk.from()).isEqualTo(10 + text.length());
            text.append(((OutputChunk.Bytes) chunk).bytes().utf8String());
        }
        assertThat(text).hasToString("klmnopqrstuvwxyz");
    }

    @Test
    void whatAnotherAttemptCannotMendIsNotTriedAgain() {
        AttachException reason = new AttachException(AttachException.Reason.TAKEN_OVER, "taken over");
        AtomicInteger attempts = new AtomicInteger();
        TestSubscriber.Probe<OutputChunk> out = Replay.resuming(0, from -> {
                    attempts.incrementAndGet();
                    return failing(reason);
                })
                .toMat(TestSink.create(kit.system()), Keep.right())
                .run(materializer);
        out.request(1);
        assertThat(out.expectError()).isSameAs(reason);
        assertThat(attempts).hasValue(1);
    }

    private static Source<OutputChunk, NotUsed> failing(Throwable failure) {
        return Source.failed(failure);
    }

    @Test
    void aReaderThatLeavesEndsBothDirections() {
        Attached attached = attached(0, 0, 40);
        attached.out.cancel();
        attached.channel.awaitInputShut();
        attached.channel.awaitOutputShut();
        awaitStagesStopped();
    }
}
