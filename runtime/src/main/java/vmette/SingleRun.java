package vmette;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import vmette.actors.VmEnd;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.guest.protocol.StreamId;
import vmette.stream.SystemStreams;

/** Runs one command in a VM that is there for it alone, and ends with it. */
final class SingleRun {
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final SystemStreams system;

    /** @param system that its streams run in */
    SingleRun(SystemStreams system) {
        this.system = system;
    }

    /** What a specification has run. */
    static ExecSpec command(VmSpec spec) {
        if (spec.snapshots().build().isPresent()) {
            return ExecSpec.shell(spec.snapshots().warmUp().orElse("true"));
        }
        if (spec.exec().isEmpty() && spec.storage().rootfs().isPresent()) {
            return ExecSpec.imageCommand();
        }
        return ExecSpec.shell(spec.exec()
                        .orElseThrow(() -> new InvalidConfigException("nothing to run: the specification has no exec")))
                .afterEntrypoint();
    }

    /** Completes when nothing of the VM is left and all output was taken; of one whose time is over, what is not taken soon is lost. */
    CompletionStage<ExitStatus> run(VmHandle vm, ExecSpec command, RunStreams streams, Consumer<Execution> begun) {
        if (vm.spec().snapshots().build().isPresent()) {
            return SnapshotBuild.of(vm, streams, system);
        }
        Execution execution = vm.exec(command);
        begun.accept(execution);
        CompletableFuture<VmetteException> unwritten = new CompletableFuture<>();
        CompletableFuture<VmetteException> unread = new CompletableFuture<>();
        CompletionStage<Void> written = system.run(up -> {
            if (execution.has(StreamId.STDIN)) {
                streams.stdin().runWith(execution.stdin(), up);
            }
            CompletionStage<?> out = execution.has(StreamId.STDOUT)
                    ? execution.stdout().runWith(streams.stdout(), up)
                    : CompletableFuture.completedStage(null);
            CompletionStage<?> err = execution.has(StreamId.STDERR)
                    ? execution.stderr().runWith(streams.stderr(), up)
                    : CompletableFuture.completedStage(null);
            // The command's status is still worth waiting for.
            return out.handle((done, failure) -> note("standard output", failure, unwritten, unread))
                    .thenCombine(
                            err.handle((done, failure) -> note("standard error", failure, unwritten, unread)),
                            (a, b) -> (Void) null);
        });
        CompletableFuture<Void> tooLate = afterTimeIsOver(vm);
        CompletionStage<Void> taken = written.applyToEither(tooLate, Function.identity());
        return execution
                .status()
                .handle((status, failure) -> stopped(vm, failure == null, taken)
                        .thenApply(end -> outcome(Optional.ofNullable(status), failure, end, unread, tooLate.isDone())))
                .thenCompose(Function.identity())
                .thenApply(status -> {
                    if (unwritten.isDone()) {
                        throw unwritten.join();
                    }
                    return status;
                });
    }

    /** Nobody reads it, perhaps; but whoever set a timeout is not to wait for that. */
    private static CompletableFuture<Void> afterTimeIsOver(VmHandle vm) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        vm.ended().thenAccept(end -> {
            if (end.how() == VmEnd.How.TIMED_OUT) {
                over.completeOnTimeout(null, LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
            }
        });
        return over;
    }

    /** A reader that has gone, as {@code head} does, is no failure; one that could not take what was written is, and so is a stream that broke. */
    private static Void note(
            String what,
            Throwable failure,
            CompletableFuture<VmetteException> unwritten,
            CompletableFuture<VmetteException> unread) {
        if (failure != null && Reasons.unwrapped(failure) instanceof VmetteException broken) {
            unread.complete(new VsockException(
                    "what the command wrote to " + what + " broke off: " + broken.getMessage() + "; some of it is lost",
                    broken));
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException failed && !RunStreams.isReaderGone(failed)) {
                unwritten.complete(new VmetteIoException(
                        "cannot write what the command wrote to " + what + ": " + cause.getMessage()
                                + "; some of it is lost",
                        cause));
            }
        }
        return null;
    }

    /** A guest may keep the outputs of a command that failed open for ever: they end with the VM. */
    private static CompletionStage<VmEnd> stopped(VmHandle vm, boolean succeeded, CompletionStage<Void> taken) {
        return succeeded
                ? taken.thenCompose(done -> vm.stop())
                : vm.stop().thenCombine(taken.handle((done, failure) -> vm), (end, same) -> end);
    }

    private static ExitStatus outcome(
            Optional<ExitStatus> status,
            Throwable failure,
            VmEnd end,
            CompletableFuture<VmetteException> unread,
            boolean tooLate) {
        if (status.isPresent() && !unread.isDone() && !tooLate) {
            return status.get();
        }
        if (end.how() == VmEnd.How.TIMED_OUT) {
            return new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0);
        }
        if (end.failure().isPresent()) {
            throw end.failure().get().toException();
        }
        if (status.isPresent()) {
            throw unread.join();
        }
        Throwable reason = failure instanceof CompletionException ? failure.getCause() : failure;
        throw reason instanceof VmetteException known ? known : new VmLostException("the run ended early", reason);
    }
}
