package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** After its end a runtime still answers: nobody may wait for a registry that is not there any more. */
class ClosedRuntimeTest {
    private static Vmette closed() {
        Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()));
        vmette.close();
        return vmette;
    }

    private static void isLost(CompletionStage<?> stage) {
        assertThatThrownBy(() -> stage.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(VmLostException.class);
    }

    @Test
    void aLaunchFails() {
        isLost(closed().launch(VmSpec.builder().build()));
    }

    @Test
    void aRunFails() {
        isLost(closed().run(VmSpec.builder().exec("true").build()));
    }

    /** Akka may take a stream that is materialised just as its system terminates, and never run it. */
    @Test
    void aRunWhoseStreamsAreNeverRunFails() {
        RunStreams never = new RunStreams(Source.empty(), takenForNothing(), takenForNothing());
        ActorSystem<Void> callers = ActorSystem.create(Behaviors.empty(), "callers");
        try (Vmette vmette = Vmette.create(callers)) {
            CompletionStage<ExitStatus> run =
                    vmette.run(VmSpec.builder().exec("true").build(), never, vm -> new CompletableFuture<>());
            assertThat(run.toCompletableFuture()).isNotDone();
            callers.terminate();
            isLost(run);
        }
    }

    private static Sink<ByteString, CompletionStage<Done>> takenForNothing() {
        return Sink.<ByteString>cancelled().mapMaterializedValue(none -> new CompletableFuture<>());
    }

    @Test
    void theHandleOfAVmThatNeverBootedAnswers() {
        AtomicReference<VmHandle> handle = new AtomicReference<>();
        Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()));
        CompletionStage<VmHandle> launched = vmette.launch(VmSpec.builder().build(), vm -> {
            handle.set(vm);
            throw new IllegalStateException("no ports");
        });
        assertThatThrownBy(() -> launched.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .isNotNull();
        vmette.close();
        isLost(handle.get().exec("true").status());
        isLost(handle.get().ping());
        assertThat(handle.get().stop().toCompletableFuture()).isCompleted();
    }

    /** Whoever ends the ActorSystem under a runtime: its VMs end, and nobody waits for a registry that is not there any more. */
    @Test
    void anActorSystemThatTerminatesLeavesNobodyWaiting() throws Exception {
        ActorSystem<Void> callers = ActorSystem.create(Behaviors.empty(), "callers");
        try (Vmette vmette = Vmette.create(callers)) {
            AtomicReference<VmHandle> handle = new AtomicReference<>();
            CompletionStage<VmHandle> launched = vmette.launch(VmSpec.builder().build(), vm -> {
                handle.set(vm);
                return new CompletableFuture<>();
            });
            await(() -> handle.get() != null);
            Execution waiting = handle.get().exec("true");
            callers.terminate();
            isLost(launched);
            isLost(waiting.status());
            isLost(handle.get().restart());
            handle.get().ended().toCompletableFuture().get(30, TimeUnit.SECONDS);
            callers.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
            for (int i = 0; i < 3; i++) {
                isLost(vmette.launch(VmSpec.builder().build()));
            }
        }
    }

    /** What Akka takes for fatal ends the runtime's own ActorSystem; this JVM, in which the test runs, goes on. */
    @Test
    void aFatalErrorInTheRuntimesOwnSystemEndsItsVmsAndNotTheProgram() throws Exception {
        try (Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()))) {
            AtomicReference<VmHandle> handle = new AtomicReference<>();
            CompletionStage<VmHandle> launched = vmette.launch(VmSpec.builder().build(), vm -> {
                handle.set(vm);
                return new CompletableFuture<>();
            });
            await(() -> handle.get() != null);
            vmette.system()
                    .systemActorOf(
                            Behaviors.receiveMessage(message -> {
                                throw new InternalError("a test's");
                            }),
                            "fatal",
                            Props.empty())
                    .tell("die");
            isLost(launched);
            isLost(handle.get().exec("true").status());
            isLost(vmette.launch(VmSpec.builder().build()));
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    /** There is nobody left who would answer: not the VM's supervisor, and not the registry. */
    @Test
    void whatIsAskedOfAVmThatHasEndedIsAnsweredAtOnce() {
        try (vmette.testkit.VmetteTestKit kit = vmette.testkit.VmetteTestKit.create()) {
            VmHandle vm = kit.launch(VmSpec.builder().name("one").build());
            kit.await(vm.stop());
            assertLostAtOnce(vm.ping());
            assertLostAtOnce(vm.restart());
            assertLostAtOnce(vm.attach(1));
            assertLostAtOnce(vm.exec("true").status());
        }
    }

    private static void assertLostAtOnce(CompletionStage<?> asked) {
        CompletableFuture<?> answer = asked.toCompletableFuture();
        assertThat(answer).isCompletedExceptionally();
        assertThatThrownBy(answer::join)
                .hasCauseInstanceOf(VmLostException.class)
                .hasMessageContaining("has ended");
    }
}
