package vmette.files;

import akka.Done;
import akka.NotUsed;
import akka.actor.ClassicActorSystemProvider;
import akka.japi.Pair;
import akka.stream.Materializer;
import akka.stream.SystemMaterializer;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.errors.GuestFileException;
import vmette.errors.Reasons;
import vmette.files.BuiltIns.BuiltIn;

/** Built-ins as streams whose end is the operation's outcome. */
final class FileStreams {
    private static final int SAID_BYTES = 4096;
    private static final String CUT_OFF = "ECANCELED";

    private final BuiltIns builtIns;

    FileStreams(BuiltIns builtIns) {
        this.builtIns = builtIns;
    }

    /** Runs an operation that has neither input nor output. */
    CompletionStage<Done> run(FileOperation operation, ClassicActorSystemProvider system) {
        BuiltIn builtIn = builtIns.run(operation.spec());
        CompletionStage<String> said = said(operation, builtIn, system);
        return outcome(operation, builtIn, said);
    }

    /** An operation's output. It ends when the guest has said that it was all, and fails otherwise. */
    Source<ByteString, CompletionStage<Done>> output(FileOperation operation) {
        return Source.fromMaterializer((materializer, attributes) -> {
                    BuiltIn builtIn = builtIns.run(operation.specWithOutput());
                    CompletionStage<String> said = said(operation, builtIn, materializer);
                    CompletionStage<Done> outcome = outcome(operation, builtIn, said);
                    Source<ByteString, NotUsed> verdict = Source.lazySource(() ->
                                    Source.completionStageSource(outcome.thenApply(done -> Source.<ByteString>empty())))
                            .mapMaterializedValue(late -> NotUsed.getInstance());
                    return builtIn.stdout()
                            .concatLazy(verdict)
                            .watchTermination((none, ended) -> settled(operation, builtIn, outcome, ended));
                })
                .mapMaterializedValue(late -> late.thenCompose(Function.identity()));
    }

    private static CompletionStage<Done> settled(
            FileOperation operation, BuiltIn builtIn, CompletionStage<Done> outcome, CompletionStage<Done> ended) {
        CompletableFuture<Done> settled = new CompletableFuture<>();
        outcome.whenComplete((done, failure) -> complete(settled, failure));
        ended.whenComplete((done, failure) -> {
            if (outcome.toCompletableFuture().isDone()) {
                return;
            }
            // First: the guest's answer to the end may come at once, and is not why this stream ended.
            settled.completeExceptionally(
                    failure != null
                            ? Reasons.unwrapped(failure)
                            : new CancellationException("the " + operation.what() + " of " + operation.path()
                                    + " was cancelled before its end"));
            builtIn.end();
        });
        return settled.minimalCompletionStage();
    }

    private static void complete(CompletableFuture<Done> settled, Throwable failure) {
        if (failure == null) {
            settled.complete(Done.getInstance());
        } else {
            settled.completeExceptionally(Reasons.unwrapped(failure));
        }
    }

    /** An operation's input, framed so that the guest cannot take the failure of what comes before for the end. */
    Sink<ByteString, CompletionStage<Done>> input(FileOperation operation) {
        return Sink.<ByteString, CompletionStage<Done>>fromMaterializer((materializer, attributes) -> {
                    BuiltIn builtIn = builtIns.run(operation.specWithInput());
                    CompletionStage<String> said = said(operation, builtIn, materializer);
                    CompletionStage<Done> outcome = outcome(operation, builtIn, said);
                    return Flow.<ByteString>create()
                            .watchTermination((none, given) -> {
                                given.whenComplete((done, failure) -> endIfFailed(builtIn, failure));
                                return given;
                            })
                            .via(InputFraming.flow())
                            .toMat(builtIn.stdin(), Keep.both())
                            .mapMaterializedValue(both -> confirmed(both, outcome));
                })
                .mapMaterializedValue(late -> late.thenCompose(Function.identity()));
    }

    private static void endIfFailed(BuiltIn builtIn, Throwable failure) {
        if (failure != null) {
            builtIn.end();
        }
    }

    /** The guest's word counts, except that it was cut off: why that was, is known here. */
    private static CompletionStage<Done> confirmed(
            Pair<CompletionStage<Done>, CompletionStage<Done>> both, CompletionStage<Done> outcome) {
        CompletableFuture<Done> confirmed = new CompletableFuture<>();
        outcome.whenComplete((done, failure) -> {
            if (failure == null || !cutOff(Reasons.unwrapped(failure))) {
                complete(confirmed, failure);
            } else {
                both.first().whenComplete((given, why) -> complete(confirmed, why != null ? why : failure));
            }
        });
        return confirmed.minimalCompletionStage();
    }

    private static boolean cutOff(Throwable failure) {
        return failure instanceof GuestFileException known
                && (known.reason().equals(CUT_OFF) || known.reason().equals(FileOperation.SIGNALLED));
    }

    private static CompletionStage<Done> outcome(
            FileOperation operation, BuiltIn builtIn, CompletionStage<String> said) {
        // What it said is a help, and never a condition.
        CompletionStage<String> heard = said.exceptionally(failure -> "");
        return builtIn.outcome().thenCombine(heard, operation::check);
    }

    /** The first of what it says; the rest is read and dropped. */
    private static CompletionStage<String> said(
            FileOperation operation, BuiltIn builtIn, ClassicActorSystemProvider system) {
        return said(operation, builtIn, SystemMaterializer.get(system).materializer());
    }

    private static CompletionStage<String> said(FileOperation operation, BuiltIn builtIn, Materializer materializer) {
        if (!operation.says()) {
            return CompletableFuture.completedStage("");
        }
        return builtIn.stderr()
                .statefulMapConcat(() -> {
                    int[] left = {SAID_BYTES};
                    return bytes -> {
                        ByteString kept = bytes.take(left[0]);
                        left[0] -= kept.size();
                        return List.of(kept);
                    };
                })
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), materializer)
                .thenApply(bytes -> bytes.decodeString(StandardCharsets.UTF_8));
    }

    /** What a list's output says. */
    static Flow<ByteString, FileEntry, NotUsed> entries(String vm) {
        return Flow.<ByteString>create()
                .filter(ByteString::nonEmpty)
                .concat(Source.single(ByteString.emptyByteString()))
                .statefulMapConcat(() -> {
                    EntryDecoder decoder = new EntryDecoder(vm);
                    return bytes -> {
                        if (bytes.isEmpty()) {
                            decoder.end();
                        }
                        return decoder.decode(bytes);
                    };
                });
    }
}
