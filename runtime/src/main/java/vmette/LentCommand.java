package vmette;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;

/**
 * A command in a VM that is lent for it alone. The VM is given back, once and for all, when the command has ended and its outputs were taken, when it could not be run, or when it is not
 * wanted any more, whichever comes first. Thread-safe.
 *
 * @param <V> a VM
 */
final class LentCommand<V> implements ControlledCommand {
    private final CompletableFuture<V> asked;
    private final CompletionStage<ControlledCommand> command;
    private final CompletionStage<Exit> exit;
    private final Consumer<V> release;

    /**
     * @param asked cancelling it gives up the place of who waits
     * @param exec begins the command
     * @param release gives the VM back; idempotent
     */
    LentCommand(CompletableFuture<V> asked, Function<V, ControlledCommand> exec, Consumer<V> release) {
        this.asked = asked;
        this.release = release;
        CompletionStage<V> lent = asked;
        this.command = lent.handle(LentCommand::orLeft).thenApply(exec);
        this.exit = command.thenCompose(ControlledCommand::exit).whenComplete((end, failure) -> giveBack());
    }

    private static <V> V orLeft(V vm, Throwable failure) {
        if (failure == null) {
            return vm;
        }
        Throwable why = Reasons.unwrapped(failure);
        throw why instanceof CancellationException
                ? new VmLostException("the command was not run: whoever wanted it has left")
                : new CompletionException(why);
    }

    /** Whether or not there is a VM, or will be one. */
    private void giveBack() {
        // Of two who do this at once one gives the place up, or both find the VM.
        if (!asked.cancel(false) && !asked.isCompletedExceptionally()) {
            release.accept(asked.join());
        }
    }

    @Override
    public CompletionStage<Integer> started() {
        return command.thenCompose(ControlledCommand::started);
    }

    @Override
    public Sink<ByteString, CompletionStage<Done>> stdin() {
        // A sink of a stage would not hear of an end that comes before any byte.
        return Flow.completionStageFlow(command.thenApply(LentCommand::input)).toMat(Sink.ignore(), Keep.right());
    }

    private static Flow<ByteString, Object, NotUsed> input(ControlledCommand command) {
        return Flow.fromSinkAndSourceCoupled(command.stdin(), Source.maybe());
    }

    @Override
    public Source<ByteString, ?> stdout() {
        return Source.completionStageSource(command.thenApply(LentCommand::output));
    }

    @SuppressWarnings("unchecked")
    private static Source<ByteString, Object> output(ControlledCommand command) {
        return (Source<ByteString, Object>) command.stdout();
    }

    @Override
    public Source<ByteString, ?> stderr() {
        return Source.completionStageSource(command.thenApply(LentCommand::errors));
    }

    @SuppressWarnings("unchecked")
    private static Source<ByteString, Object> errors(ControlledCommand command) {
        return (Source<ByteString, Object>) command.stderr();
    }

    @Override
    public CompletionStage<Exit> exit() {
        return exit;
    }

    @Override
    public void signal(GuestSignal signal, boolean group) {
        command.thenAccept(there -> there.signal(signal, group));
    }

    @Override
    public void resize(int rows, int columns) {
        command.thenAccept(there -> there.resize(rows, columns));
    }

    @Override
    public void terminate() {
        giveBack();
    }
}
