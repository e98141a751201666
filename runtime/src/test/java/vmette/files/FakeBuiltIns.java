package vmette.files;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import vmette.config.ExecSpec;

/** Built-ins whose streams and outcome a test plays. */
public final class FakeBuiltIns implements BuiltIns {
    public final BlockingQueue<Fake> started = new LinkedBlockingQueue<>();
    private final Source<ByteString, NotUsed> output;
    private final String said;

    public FakeBuiltIns(Source<ByteString, NotUsed> output, String said) {
        this.output = output;
        this.said = said;
    }

    @Override
    public Fake run(ExecSpec spec) {
        Fake fake = new Fake(spec);
        started.add(fake);
        return fake;
    }

    public final class Fake implements BuiltIn {
        public final ExecSpec spec;
        public final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        public final CompletableFuture<Void> ended = new CompletableFuture<>();
        public final List<ByteString> input = new CopyOnWriteArrayList<>();
        public final CompletableFuture<Done> inputEnd = new CompletableFuture<>();

        Fake(ExecSpec spec) {
            this.spec = spec;
        }

        public void exit(int status) {
            outcome.complete(new Outcome(true, status));
        }

        @Override
        public Sink<ByteString, CompletionStage<Done>> stdin() {
            return Flow.<ByteString>create()
                    .map(bytes -> {
                        input.add(bytes);
                        return bytes;
                    })
                    .toMat(Sink.ignore(), Keep.right())
                    .mapMaterializedValue(done -> done.whenComplete((ok, failure) -> {
                        if (failure == null) {
                            inputEnd.complete(ok);
                        } else {
                            inputEnd.completeExceptionally(failure);
                        }
                    }));
        }

        @Override
        public Source<ByteString, NotUsed> stdout() {
            return output;
        }

        @Override
        public Source<ByteString, NotUsed> stderr() {
            return Source.single(ByteString.fromString(said));
        }

        @Override
        public CompletionStage<Outcome> outcome() {
            return outcome.minimalCompletionStage();
        }

        @Override
        public void end() {
            ended.complete(null);
        }
    }
}
