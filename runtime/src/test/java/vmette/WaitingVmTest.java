package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/** VMs that come up for ever, since what is to be done before their boot never is: what is asked of them waits, and not longer than it should. */
class WaitingVmTest {
    private final AtomicReference<VmHandle> handle = new AtomicReference<>();

    private VmHandle launch(Vmette vmette) {
        vmette.launch(VmSpec.builder().build(), vm -> {
            handle.set(vm);
            return new CompletableFuture<>();
        });
        Faults.until("the launch", () -> handle.get() != null && handle.get().incarnation() == 1);
        return handle.get();
    }

    private static Throwable failure(CompletionStage<?> stage) {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        assertThatThrownBy(() -> stage.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .satisfies(thrown -> failure.set(thrown.getCause()));
        return failure.get();
    }

    @Test
    void aCommandPastItsCallersPatienceFails() {
        Execution patient;
        try (Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()))) {
            VmHandle vm = launch(vmette);
            patient = vm.exec("true");
            assertThat(failure(
                            vm.exec(ExecSpec.of("late"), Duration.ofMillis(1)).status()))
                    .isInstanceOf(OperationTimeoutException.class)
                    .hasMessageContaining("was not ready within 1 ms: the command [late] was not started");
            assertThat(failure(vm.start(ExecSpec.of("late").detached(ExecSpec.WhenFull.BLOCK), Duration.ofMillis(1))
                            .status()))
                    .isInstanceOf(OperationTimeoutException.class);
            for (Duration odd : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(1000))) {
                assertThat(failure(vm.exec(ExecSpec.of("odd"), odd).status()))
                        .isInstanceOf(InvalidConfigException.class);
                assertThat(failure(vm.start(ExecSpec.of("odd").detached(ExecSpec.WhenFull.BLOCK), odd)
                                .status()))
                        .isInstanceOf(InvalidConfigException.class);
            }
            assertThat(patient.status().toCompletableFuture()).isNotDone();
        }
        assertThat(failure(patient.status())).isInstanceOf(VmLostException.class);
    }

    @Test
    void aRuntimeThatClosesDoesNotWaitForIt() throws Exception {
        Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()));
        VmHandle vm = launch(vmette);
        CompletionStage<?> restarted = vm.restart();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(vmette::close);
        vm.ended().toCompletableFuture().get(20, TimeUnit.SECONDS);
        closed.get(20, TimeUnit.SECONDS);
        assertThat(failure(restarted)).isInstanceOf(VmLostException.class);
    }

    /** Whatever is asked while the registry stops is answered, whether it got there or not. */
    @Test
    void whoAsksWhileTheSystemTerminatesIsAnswered() throws Exception {
        for (int round = 0; round < 5; round++) {
            ActorSystem<Void> callers = ActorSystem.create(Behaviors.empty(), "callers");
            handle.set(null);
            try (Vmette vmette = Vmette.create(callers)) {
                VmHandle vm = launch(vmette);
                ConcurrentLinkedQueue<CompletionStage<?>> asked = new ConcurrentLinkedQueue<>();
                AtomicBoolean enough = new AtomicBoolean();
                List<CompletableFuture<Void>> clients = List.of(
                        CompletableFuture.runAsync(() -> ask(vm, asked, enough)),
                        CompletableFuture.runAsync(() -> ask(vm, asked, enough)));
                Faults.until("requests", () -> asked.size() > 100);
                callers.terminate();
                callers.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
                vm.ended().toCompletableFuture().get(30, TimeUnit.SECONDS);
                enough.set(true);
                for (CompletableFuture<Void> client : clients) {
                    client.get(30, TimeUnit.SECONDS);
                }
                for (CompletionStage<?> each : asked) {
                    assertThat(failure(each)).isInstanceOf(VmetteException.class);
                }
            }
        }
    }

    private static void ask(VmHandle vm, ConcurrentLinkedQueue<CompletionStage<?>> asked, AtomicBoolean enough) {
        while (!enough.get()) {
            asked.add(vm.ping());
            asked.add(vm.exec("true").status());
            asked.add(vm.attach(7));
            LockSupport.parkNanos(100_000);
        }
    }
}
