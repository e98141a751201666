package vmette.bench;

import akka.stream.javadsl.Sink;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import vmette.Execution;
import vmette.VmHandle;
import vmette.actors.VmReady;
import vmette.bench.Timeline.Event;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** From the beginning of a VM, or of a command, until the first byte of the command's output is here. */
final class FirstByte {
    private static final String COMMAND = "echo x";

    private FirstByte() {}

    /**
     * How long it took.
     *
     * @param millis until the byte
     * @param cpuMillis processor time that all children of this JVM had used by then, of one VM and its helpers if there is no other
     */
    record Times(double millis, double cpuMillis) {}

    /** Measures one launch; the VM has been stopped on return. */
    static Times of(Product product, VmSpec spec) {
        double[] cpuMillis = new double[1];
        Timeline times = new Timeline(() -> 0);
        VmHandle vm = Await.on(product.runtime().launch(spec));
        try {
            run(product, vm, times, () -> cpuMillis[0] = HostUse.childrensCpuMillis());
            return new Times(times.times().get(Event.FIRST_BYTE), cpuMillis[0]);
        } finally {
            Product.stop(vm);
        }
    }

    /** Marks when the VM is ready, its command runs and its first byte is here; the VM has been stopped on return. */
    static VmReady of(Product product, Supplier<? extends CompletionStage<VmHandle>> begin, Timeline times) {
        VmHandle vm = Await.on(begin.get());
        try {
            times.mark(Event.READY);
            run(product, vm, times, () -> {});
            return Await.on(vm.ready());
        } finally {
            Product.stop(vm);
        }
    }

    /** Milliseconds of a command in a VM that is ready. */
    static double of(Product product, VmHandle vm) {
        Timeline times = new Timeline(() -> 0);
        run(product, vm, times, () -> {});
        return times.times().get(Event.FIRST_BYTE);
    }

    private static void run(Product product, VmHandle vm, Timeline times, Runnable atTheByte) {
        CompletableFuture<Void> first = new CompletableFuture<>();
        Execution echo = vm.exec(COMMAND);
        CompletionStage<?> started = echo.started().thenRun(() -> times.mark(Event.STARTED));
        CompletionStage<?> drained = echo.stdout()
                .runWith(
                        Sink.foreach(chunk -> {
                            times.mark(Event.FIRST_BYTE);
                            first.complete(null);
                        }),
                        product.runtime().system());
        CompletionStage<?> settled = drained.whenComplete((done, failure) -> first.completeExceptionally(
                new VmLostException("\"" + COMMAND + "\" ended without a byte of output", failure)));
        Await.on(first);
        atTheByte.run();
        Product.requireSuccess(COMMAND, Await.on(echo.status()));
        Await.on(started);
        Await.on(settled);
    }
}
