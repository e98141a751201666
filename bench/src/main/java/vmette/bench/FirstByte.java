package vmette.bench;

import akka.stream.javadsl.Sink;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.Execution;
import vmette.VmHandle;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** From launch until the first byte of a command's output is here. */
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
        long begun = System.nanoTime();
        VmHandle vm = Await.on(product.runtime().launch(spec));
        try {
            CompletableFuture<Double> first = new CompletableFuture<>();
            Execution echo = vm.exec(COMMAND);
            CompletionStage<?> drained = echo.stdout()
                    .runWith(
                            Sink.foreach(chunk -> first.complete(BareQemu.millisSince(begun))),
                            product.runtime().system());
            CompletionStage<?> settled = drained.whenComplete((done, failure) -> first.completeExceptionally(
                    new VmLostException("\"" + COMMAND + "\" ended without a byte of output", failure)));
            double millis = Await.on(first);
            double cpuMillis = HostUse.childrensCpuMillis();
            Product.requireSuccess(COMMAND, Await.on(echo.status()));
            Await.on(settled);
            return new Times(millis, cpuMillis);
        } finally {
            Product.stop(vm);
        }
    }
}
