package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.config.PublishedPort;
import vmette.config.VmSpec;
import vmette.errors.VmetteIoException;
import vmette.testkit.VmetteTestKit;

/** A VM that is stopped or restarted while what is to be done before its boot still goes on. */
class RestartWhileBindingTest {
    private final VmetteTestKit kit = VmetteTestKit.create();
    private final CompletableFuture<Done> binding = new CompletableFuture<>();
    private final AtomicReference<VmHandle> handle = new AtomicReference<>();

    @AfterEach
    void close() {
        kit.close();
    }

    private CompletionStage<VmHandle> launch() {
        CompletionStage<VmHandle> launched = kit.vmette()
                .launch(
                        VmSpec.builder()
                                .name("one")
                                .publish(new PublishedPort(0, 80))
                                .build(),
                        vm -> {
                            handle.set(vm);
                            return binding;
                        });
        kit.until(() -> handle.get() != null && handle.get().incarnation() == 1);
        return launched;
    }

    @Test
    void anotherIncarnationWaitsForItToo() {
        CompletionStage<VmHandle> launched = launch();
        CompletionStage<?> restarted = handle.get().restart();
        kit.until(() -> handle.get().incarnation() == 2);
        kit.settle();
        assertThat(kit.vm("one").incarnations()).isZero();
        binding.complete(Done.getInstance());
        kit.await(launched);
        kit.await(restarted);
        assertThat(kit.vm("one").incarnations()).isEqualTo(1);
        assertThat(handle.get().published()).hasSize(1);
    }

    @Test
    void ifItFailsNoIncarnationBoots() {
        CompletionStage<VmHandle> launched = launch();
        CompletionStage<?> restarted = handle.get().restart();
        binding.completeExceptionally(new VmetteIoException("the port is taken", null));
        assertThatThrownBy(() -> kit.await(restarted)).isInstanceOf(VmetteIoException.class);
        assertThatThrownBy(() -> kit.await(launched)).hasMessageContaining("the port is taken");
        assertThat(kit.vm("one").incarnations()).isZero();
    }

    @Test
    void aStopDoesNotWaitForIt() {
        CompletionStage<VmHandle> launched = launch();
        VmEnd end = kit.await(handle.get().stop());
        assertThat(end.how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(launched.toCompletableFuture()).isCompletedExceptionally();
        binding.complete(Done.getInstance());
        kit.settle();
        assertThat(kit.vm("one").incarnations()).isZero();
        assertThat(handle.get().published()).isEmpty();
    }
}
