package vmette;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import vmette.actors.VmEnd;

/** Clones that are nothing but their own ends, made and stopped at once. */
final class PromptForks implements ForkVms<CompletableFuture<VmEnd>> {
    @Override
    public CompletionStage<List<CompletableFuture<VmEnd>>> fork(int n) {
        return CompletableFuture.completedFuture(
                Stream.generate(CompletableFuture<VmEnd>::new).limit(n).toList());
    }

    @Override
    public CompletionStage<VmEnd> ended(CompletableFuture<VmEnd> vm) {
        return vm;
    }

    @Override
    public void stop(CompletableFuture<VmEnd> vm) {
        vm.complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
    }

    @Override
    public String name(CompletableFuture<VmEnd> vm) {
        return "clone";
    }
}
