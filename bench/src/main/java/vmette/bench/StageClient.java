package vmette.bench;

import akka.NotUsed;
import akka.actor.ActorSystem;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import vmette.errors.VsockException;
import vmette.stream.Vsock;

/** Traffic through the streams of {@link Vsock}. */
final class StageClient implements TrafficClient {
    private final Vsock vsock;
    private final ActorSystem system;

    StageClient(Vsock vsock, ActorSystem system) {
        this.vsock = vsock;
        this.system = system;
    }

    @Override
    public String name() {
        return "stage";
    }

    private static Source<ByteString, NotUsed> bytes(TrafficOrder order) {
        if (order.toSend() == 0) {
            return Source.empty();
        }
        ByteString piece = ByteString.fromArrayUnsafe(new byte[order.writeSize()]);
        long whole = order.toSend() / order.writeSize();
        ByteString rest = ByteString.fromArrayUnsafe(new byte[(int) (order.toSend() % order.writeSize())]);
        return Source.repeat(piece).take(whole).concat(rest.isEmpty() ? Source.empty() : Source.single(rest));
    }

    @Override
    public long transfer(TrafficOrder order, int streams) {
        CompletableFuture<ByteString> start = new CompletableFuture<>();
        List<CompletionStage<Vsock.OutgoingConnection>> opened = new ArrayList<>();
        List<CompletionStage<Long>> received = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            var both = Source.completionStage(start)
                    .concat(bytes(order))
                    .viaMat(vsock.connect(PORT), Keep.right())
                    .toMat(Sink.fold(0L, (sum, some) -> sum + some.size()), Keep.both())
                    .run(system);
            opened.add(both.first());
            received.add(both.second());
        }
        opened.forEach(Await::on);
        long begun = System.nanoTime();
        start.complete(ByteString.fromArrayUnsafe(order.encode()));
        for (CompletionStage<Long> count : received) {
            long got = Await.on(count);
            if (got != order.toReceive()) {
                throw new VsockException(got + " bytes came and not " + order.toReceive());
            }
        }
        return System.nanoTime() - begun;
    }

    @Override
    public long[] pingPong(int size, int rounds) {
        ByteString message = ByteString.fromArrayUnsafe(new byte[size]);
        ByteString order = ByteString.fromArrayUnsafe(new TrafficOrder(TrafficOrder.Mode.ECHO, size, 0).encode());
        long[] nanos = new long[rounds];
        AtomicLong begun = new AtomicLong();
        int[] round = {0};
        CompletionStage<akka.Done> done = vsock.connect(PORT)
                .join(Flow.<ByteString>create()
                        .map(back -> {
                            long now = System.nanoTime();
                            if (back.size() != size) {
                                throw new VsockException("a message of " + size + " came back in pieces");
                            }
                            nanos[round[0]++] = now - begun.get();
                            begun.set(System.nanoTime());
                            return message;
                        })
                        .take(rounds)
                        .watchTermination(Keep.right())
                        .prepend(Source.single(order).concat(Source.lazySource(() -> {
                            begun.set(System.nanoTime());
                            return Source.single(message);
                        }))))
                .run(system)
                .thenApply(open -> akka.Done.getInstance());
        Await.on(done);
        if (!Await.until(() -> round[0] == rounds, java.time.Duration.ofMinutes(5))) {
            throw new VsockException("the guest went silent after " + round[0] + " messages");
        }
        return nanos;
    }
}
