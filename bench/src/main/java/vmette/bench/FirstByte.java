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

    /** Milliseconds; the VM has been stopped on return. */
    static double millis(Product product, VmSpec spec) {
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
            Product.requireSuccess(COMMAND, Await.on(echo.status()));
            Await.on(settled);
            return millis;
        } finally {
            Product.stop(vm);
        }
    }
}
