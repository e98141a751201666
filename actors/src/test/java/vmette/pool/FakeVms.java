package vmette.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** VMs that come, and end, when a test says so. */
final class FakeVms implements PoolVms<FakeVms.Vm> {
    /** One of them. */
    static final class Vm {
        final int number;
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        int stops;
        long incarnation = 1;

        Vm(int number) {
            this.number = number;
        }

        @Override
        public String toString() {
            return "vm-" + number;
        }
    }

    final List<CompletableFuture<Vm>> asked = new ArrayList<>();
    final List<Vm> made = new ArrayList<>();
    /** Whether one that is stopped is gone at once. */
    boolean prompt = true;
    /** Told of each that is asked for. */
    Runnable onNext = () -> {};

    @Override
    public CompletionStage<Vm> next() {
        CompletableFuture<Vm> one = new CompletableFuture<>();
        asked.add(one);
        onNext.run();
        return one;
    }

    /** The one that was asked for first is there. */
    Vm come() {
        Vm vm = new Vm(made.size() + 1);
        made.add(vm);
        asked.remove(0).complete(vm);
        return vm;
    }

    void fail(String text) {
        asked.remove(0).completeExceptionally(new IllegalStateException(text));
    }

    /** Those that are not gone. */
    List<Vm> alive() {
        return made.stream().filter(vm -> !vm.ended.isDone()).toList();
    }

    @Override
    public CompletionStage<?> ended(Vm vm) {
        return vm.ended;
    }

    @Override
    public boolean hasEnded(Vm vm) {
        return vm.ended.isDone();
    }

    @Override
    public void stop(Vm vm) {
        vm.stops++;
        if (prompt) {
            vm.ended.complete(null);
        }
    }

    @Override
    public long incarnation(Vm vm) {
        return vm.incarnation;
    }

    @Override
    public String name(Vm vm) {
        return vm.toString();
    }
}
