package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.japi.Pair;
import akka.stream.BoundedSourceQueue;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;

/** A VM that minds its own business: an endless bulk stream, every byte of it checked, and a ping-pong. */
final class Bystander {
    private static final int CHUNK = 32 * 1024;

    private final Vmette vmette;
    private final VmHandle vm;
    private final AtomicLong bulkBytes = new AtomicLong();
    private final AtomicLong pongs = new AtomicLong();
    private final UniqueKillSwitch bulkEnd;
    private final CompletionStage<Long> bulkDone;
    private final CompletableFuture<Void> pingDone = new CompletableFuture<>();
    private volatile boolean over;

    Bystander(Vmette vmette) {
        this.vmette = vmette;
        vm = await(vmette.launch(VmSpec.builder().memoryMib(192).build()));
        Guests.uploadProbe(vmette, vm);
        echoServer(7001);
        echoServer(7002);
        Pair<UniqueKillSwitch, CompletionStage<Long>> bulk = Source.fromIterator(
                        () -> java.util.stream.LongStream.iterate(0, at -> at + CHUNK)
                                .mapToObj(Bystander::chunk)
                                .iterator())
                .viaMat(KillSwitches.single(), Keep.right())
                .via(vm.vsock().connect(7001))
                .toMat(Sink.fold(0L, this::check), Keep.both())
                .run(vmette.system());
        bulkEnd = bulk.first();
        bulkDone = bulk.second();
        Pair<BoundedSourceQueue<ByteString>, SinkQueueWithCancel<ByteString>> pings = Source.<ByteString>queue(4)
                .via(vm.vsock().connect(7002))
                .toMat(Sink.queue(), Keep.both())
                .run(vmette.system());
        Thread pinger = new Thread(() -> pingPong(pings.first(), pings.second()), "ping-pong");
        pinger.setDaemon(true);
        pinger.start();
    }

    private void echoServer(int port) {
        Execution server = vm.exec(ExecSpec.of("/tmp/vsock-probe", "echo", Integer.toString(port)));
        assertThat(await(server.stdout().runWith(Sink.head(), vmette.system())).utf8String())
                .isEqualTo("listening\n");
    }

    private static byte at(long position) {
        return (byte) (position * 31 + (position >>> 13));
    }

    private static ByteString chunk(long position) {
        byte[] bytes = new byte[CHUNK];
        for (int i = 0; i < CHUNK; i++) {
            bytes[i] = at(position + i);
        }
        return ByteString.fromArrayUnsafe(bytes);
    }

    private long check(long position, ByteString bytes) {
        byte[] array = bytes.toArrayUnsafe();
        for (int i = 0; i < array.length; i++) {
            if (array[i] != at(position + i)) {
                throw new AssertionError("byte " + (position + i) + " of the bulk stream came back wrong");
            }
        }
        bulkBytes.addAndGet(array.length);
        return position + array.length;
    }

    private void pingPong(BoundedSourceQueue<ByteString> to, SinkQueueWithCancel<ByteString> from) {
        try {
            for (long i = 0; !over; i++) {
                ByteString ping = ByteString.fromString(String.format("%08d", i % 100_000_000));
                to.offer(ping);
                ByteString pong = ByteString.emptyByteString();
                while (pong.length() < ping.length()) {
                    Optional<ByteString> more = await(from.pull());
                    pong = pong.concat(more.orElseThrow(() -> new AssertionError("the ping-pong ended")));
                }
                assertThat(pong).isEqualTo(ping);
                pongs.incrementAndGet();
            }
            to.complete();
            pingDone.complete(null);
        } catch (RuntimeException | Error e) {
            pingDone.completeExceptionally(e);
        }
    }

    /** How far it has come. */
    record Progress(long bulkBytes, long pongs) {}

    Progress progress() {
        assertThat(bulkDone.toCompletableFuture().isCompletedExceptionally())
                .as("the bulk stream failed")
                .isFalse();
        assertThat(pingDone.isCompletedExceptionally())
                .as("the ping-pong failed")
                .isFalse();
        return new Progress(bulkBytes.get(), pongs.get());
    }

    /** Both streams end in order, everything came back, and the VM still takes commands. */
    void finish() {
        over = true;
        await(pingDone);
        bulkEnd.shutdown();
        long position = await(bulkDone);
        assertThat(position).isEqualTo(bulkBytes.get()).isPositive().isEqualTo(position / CHUNK * CHUNK);
        assertThat(Guests.sh(vmette, vm, "exit 7").status().code()).isEqualTo(7);
    }
}
