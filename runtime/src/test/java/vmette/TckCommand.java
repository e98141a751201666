package vmette;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.stream.KillSwitches;
import akka.stream.SharedKillSwitch;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.reactivestreams.Processor;
import vmette.config.GuestSignal;
import vmette.errors.VmLostException;

/** A command that goes on by itself, at the pace of its streams, and ends with them. Asked to end it closes its outputs. */
final class TckCommand implements DrivenCommand {
    private final CompletableFuture<Integer> started = new CompletableFuture<>();
    private final CompletableFuture<ExitStatus> status = new CompletableFuture<>();
    private final SharedKillSwitch end = KillSwitches.shared("command");
    private final CompletableFuture<Void> stdoutEnd = new CompletableFuture<>();
    private final CompletableFuture<Void> stderrEnd = new CompletableFuture<>();
    private final Sink<ByteString, ?> stdin;
    private final Source<ByteString, ?> stdout;
    private final Source<ByteString, ?> stderr;

    private TckCommand(Sink<ByteString, ?> stdin, Source<ByteString, ?> stdout, Source<ByteString, ?> stderr) {
        this.stdin = stdin;
        this.stdout = watched(stdout, stdoutEnd);
        this.stderr = watched(stderr, stderrEnd);
        CompletableFuture.allOf(stdoutEnd, stderrEnd)
                .minimalCompletionStage()
                .thenAccept(ended -> status.complete(new ExitStatus(ExitStatus.Kind.EXITED, 0)));
    }

    private Source<ByteString, ?> watched(Source<ByteString, ?> output, CompletableFuture<Void> ended) {
        return output.via(end.flow())
                .watchTermination((none, done) -> done.whenComplete((ok, why) -> ended.complete(null)));
    }

    /** Writes so many chunks, by turns to either output. */
    static TckCommand writing(long chunks) {
        Source<ByteString, ?> lines = Source.repeat(ByteString.fromString("line\n"));
        return new TckCommand(Sink.ignore(), lines.take(chunks - chunks / 2), lines.take(chunks / 2));
    }

    /** Reads all there is, and ends when that does. */
    static TckCommand reading() {
        CompletableFuture<Source<ByteString, NotUsed>> over = new CompletableFuture<>();
        return new TckCommand(
                Sink.<ByteString>ignore()
                        .mapMaterializedValue(done -> done.whenComplete((ok, why) -> over.complete(Source.empty()))),
                Source.completionStageSource(over),
                Source.empty());
    }

    /** Writes what it reads. */
    static TckCommand echoing(ActorSystem<?> system) {
        Processor<ByteString, ByteString> cat =
                Flow.<ByteString>create().toProcessor().run(system);
        return new TckCommand(Sink.fromSubscriber(cat), Source.fromPublisher(cat), Source.empty());
    }

    /** Cannot be started: its VM is lost. */
    static TckCommand lost() {
        TckCommand command = writing(0);
        VmLostException gone = new VmLostException("the VM is gone");
        command.started.completeExceptionally(gone);
        command.status.completeExceptionally(gone);
        return command;
    }

    @Override
    public void begin() {
        started.complete(1);
    }

    @Override
    public CompletionStage<Integer> started() {
        return started;
    }

    @Override
    public CompletionStage<ExitStatus> status() {
        return status;
    }

    @Override
    public Optional<Sink<ByteString, ?>> stdin() {
        return Optional.of(stdin);
    }

    @Override
    public Optional<Source<ByteString, ?>> stdout() {
        return Optional.of(stdout);
    }

    @Override
    public Optional<Source<ByteString, ?>> stderr() {
        return Optional.of(stderr);
    }

    @Override
    public void signal(GuestSignal signal, boolean group) {}

    @Override
    public void resize(int rows, int columns) {}

    @Override
    public void terminate() {
        end.shutdown();
    }
}
