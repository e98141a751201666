package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.stream.Vsock;

/**
 * A consumer that never asks while the guest wants to send a lot. {@code -Dvmette.full=true}: 1 GiB; else less.
 */
class StalledConsumerIT {
    private static final long BYTES = (Boolean.getBoolean("vmette.full") ? 1024L : 128L) << 20;
    private static final int BUF_ALLOC = 256 * 1024;
    private static final long LEAST_GROWTH_THAT_IS_A_LEAK = 8L << 20;
    private static final int PORT = 9100;

    private Vmette vmette;
    private VmHandle vm;

    @BeforeEach
    void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        Guests.upload(vmette, vm, "vsock-load");
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    @Test
    void aConsumerThatNeverPullsCostsNoMoreThanItsBufferAndLosesNothing() throws IOException {
        String expected = digestOf(BYTES);
        // The same once through with demand: whatever the JVM makes once is there before anything is counted.
        Stalled warm = new Stalled();
        Execution first = pour(warm);
        await(warm.subscribed);
        warm.pull();
        assertThat(await(warm.digest)).isEqualTo(expected);
        assertThat(await(first.status()).code()).isZero();
        long heap = HostMemory.liveHeap();
        long rss = HostMemory.rssAnon();

        Stalled stalled = new Stalled();
        Execution pouring = pour(stalled);
        CompletableFuture<String> line = new CompletableFuture<>();
        pouring.stdout().runWith(Sink.foreach(some -> line.complete(some.utf8String())), vmette.system());
        String blocked = await(line);
        assertThat(blocked).matches("blocked \\d+\n");
        assertThat(Long.parseLong(blocked.strip().split(" ", 2)[1]))
                .isPositive()
                .isLessThanOrEqualTo(BUF_ALLOC);

        assertThat(HostMemory.liveHeap() - heap).as("growth of the live heap").isLessThan(LEAST_GROWTH_THAT_IS_A_LEAK);
        assertThat(HostMemory.rssAnon() - rss).as("growth of RssAnon").isLessThan(LEAST_GROWTH_THAT_IS_A_LEAK);

        // Other connections of the VM go on: a command has its own, and this one carries 16 MiB.
        CompletionStage<Long> other = vm.exec("dd if=/dev/zero bs=64k count=256 2>/dev/null")
                .stdout()
                .runWith(Sink.fold(0L, (sum, some) -> sum + some.size()), vmette.system());
        assertThat(await(other)).isEqualTo(16L << 20);
        assertThat(stalled.received).isZero();

        // Once more: meanwhile a guest that was let go on would have sent about as much.
        assertThat(HostMemory.liveHeap() - heap).as("growth of the live heap").isLessThan(LEAST_GROWTH_THAT_IS_A_LEAK);

        stalled.pull();
        assertThat(await(stalled.digest)).isEqualTo(expected);
        assertThat(stalled.received).isEqualTo(BYTES);
        assertThat(await(pouring.status()).code()).isZero();
    }

    /** Recent kernels send no more than their own buffer of 256 KiB holds: a larger one of ours must not make them wait for ever. */
    @Test
    void aBufferLargerThanTheGuestsOwnIsNoObstacle() {
        try (Vmette large = Vmette.create(RuntimeSettings.from(
                ConfigFactory.parseMap(Map.of("vmette.vsock.buf-alloc", "1MiB")).withFallback(ConfigFactory.load())))) {
            VmHandle other = await(large.launch(VmSpec.builder().memoryMib(128).build()));
            Guests.Result result = Guests.sh(large, other, "dd if=/dev/zero bs=64k count=64 2>/dev/null");
            assertThat(result.stdout()).hasSize(4 << 20);
        }
    }

    /** Has the guest send to a consumer, over a connection that the guest makes. */
    private Execution pour(Stalled consumer) {
        var bound =
                vm.vsock().bind(PORT, 1, true).toMat(Sink.head(), Keep.both()).run(vmette.system());
        Vsock.Binding binding = await(bound.first());
        Execution pouring =
                vm.exec(ExecSpec.of("/tmp/vsock-load", "pour", Integer.toString(binding.port()), Long.toString(BYTES)));
        CompletionStage<Vsock.IncomingConnection> connection = bound.second();
        Publisher<ByteString> bytes = Source.<ByteString>empty()
                .via(await(connection).flow())
                .runWith(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), vmette.system());
        bytes.subscribe(consumer);
        return pouring;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of what the guest's program sends: xorshift64 from 1, little-endian. */
    private static String digestOf(long bytes) {
        MessageDigest digest = sha256();
        ByteBuffer piece = ByteBuffer.allocate(65536).order(ByteOrder.LITTLE_ENDIAN);
        long state = 1;
        for (long left = bytes; left > 0; left -= piece.capacity()) {
            piece.clear();
            while (piece.hasRemaining()) {
                state ^= state << 13;
                state ^= state >>> 7;
                state ^= state << 17;
                piece.putLong(state);
            }
            digest.update(piece.array(), 0, (int) Math.min(left, piece.capacity()));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Asks for nothing until it is told to, then for everything. */
    private static final class Stalled implements Subscriber<ByteString> {
        private final CompletableFuture<Subscription> subscribed = new CompletableFuture<>();
        private final CompletableFuture<String> digest = new CompletableFuture<>();
        private final MessageDigest sum = sha256();
        private volatile long received;

        void pull() {
            await(subscribed).request(Long.MAX_VALUE);
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscribed.complete(subscription);
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // signals of a subscription come one at a time
        public void onNext(ByteString bytes) {
            received += bytes.size();
            bytes.getByteBuffers().forEach(sum::update);
        }

        @Override
        public void onError(Throwable failure) {
            digest.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            digest.complete(HexFormat.of().formatHex(sum.digest()));
        }
    }
}
