package vmette;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.actors.VmEnd;
import vmette.config.ExecSpec;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.machine.SaveReport;
import vmette.stream.SystemStreams;

/** Makes a snapshot of a template: the VM is warmed up, saved, and ends. */
final class SnapshotBuild {
    private SnapshotBuild() {}

    /** Completes when nothing of the VM is left: successfully if the snapshot is on disk, or its time was over. */
    static CompletionStage<ExitStatus> of(VmHandle vm, RunStreams streams, SystemStreams system) {
        String place =
                vm.spec().snapshots().build().orElseThrow().toAbsolutePath().toString();
        CompletionStage<SaveReport> saved = vm.ready()
                .thenCompose(ready -> vm.spec()
                        .snapshots()
                        .warmUp()
                        .map(line -> warmUp(vm, line, streams, system))
                        .orElseGet(() -> CompletableFuture.completedStage(null)))
                .thenCompose(warm -> vm.snapshotAndStop(place));
        return saved.handle((report, failure) -> vm.stop().thenApply(end -> outcome(failure, end)))
                .thenCompose(Function.identity());
    }

    private static CompletionStage<Void> warmUp(VmHandle vm, String line, RunStreams streams, SystemStreams system) {
        Execution execution = vm.exec(ExecSpec.shell(line).withoutStdin());
        CompletionStage<?> taken = system.run(up -> execution
                .stdout()
                .runWith(streams.stdout(), up)
                .thenCombine(execution.stderr().runWith(streams.stderr(), up), (out, err) -> out));
        return execution.status().thenCombine(taken, (status, done) -> {
            if (!status.isSuccess()) {
                throw new SaveFailedException(
                        "VM " + vm.name() + " was not saved: its warm-up " + status + "; nothing is left of it", null);
            }
            return null;
        });
    }

    private static ExitStatus outcome(Throwable failure, VmEnd end) {
        if (failure == null) {
            return new ExitStatus(ExitStatus.Kind.EXITED, 0);
        }
        if (end.how() == VmEnd.How.TIMED_OUT) {
            return new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0);
        }
        throw end.failure()
                .<RuntimeException>map(why -> why.toException())
                .orElseGet(() -> Reasons.unwrapped(failure) instanceof RuntimeException known
                        ? known
                        : new IllegalStateException(failure));
    }
}
