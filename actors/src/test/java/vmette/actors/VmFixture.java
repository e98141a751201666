package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.recovery.Decision;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;

/** One supervised VM whose machine is fake and whose clock stands still until the test moves it. */
abstract class VmFixture {
    static final String NAME = "probe";

    private static final AtomicLong IDS = new AtomicLong();

    /** Nobody looks whether the VM is alive, but for tests of that: a fake agent answers nobody by itself. */
    RuntimeSettings settings = settings("vmette.liveness.interval = 0s");

    ActorTestKit kit;
    ManualTime time;
    PromptScheduler prompt;
    FakeMachineFactory machines;
    VmTicket vm;
    ActorRef<VmSupervisor.Command> supervisor;

    @BeforeEach
    void startSystem() {
        kit = ActorTestKit.create(
                PromptScheduler.CONFIG.withFallback(ManualTime.config()).withFallback(ConfigFactory.load()));
        time = ManualTime.get(kit.system());
        prompt = PromptScheduler.of(kit.system());
        machines = new FakeMachineFactory();
    }

    @AfterEach
    void stopSystem() {
        kit.shutdownTestKit();
    }

    static RuntimeSettings settings(String hocon) {
        return RuntimeSettings.from(ConfigFactory.parseString(hocon).withFallback(ConfigFactory.load()));
    }

    void launch() {
        launch(VmSpec.builder().env("COLOUR", "blue").build(), RecoveryPolicy.giveUp());
    }

    void launch(VmSpec spec, RecoveryPolicy policy) {
        launch(spec, Supervision.by(policy));
    }

    void launch(VmSpec spec, Supervision supervision) {
        vm = ticket(NAME, spec);
        supervisor = kit.spawn(VmSupervisor.create(vm, settings, machines, supervision, Optional.empty()));
    }

    static VmTicket ticket(String name, VmSpec spec) {
        return VmTicket.create(name, spec, new VmVsock(name), Optional.of(50_123));
    }

    /** Restarts after every failure. */
    static RecoveryPolicy restart() {
        return (failure, past, snapshots, random) -> new Decision.RestartCold(Duration.ZERO, List.of());
    }

    CommandTicket run(ExecSpec spec) {
        CommandTicket command = CommandTicket.create(IDS.incrementAndGet(), spec);
        supervisor.tell(new VmRequest.Run(command));
        return command;
    }

    CommandTicket run() {
        return run(ExecSpec.of("true"));
    }

    /** Moves the clock until the stage is settled and tells how far; what the clock does not decide gets its time too. */
    Duration advanceUntilSettled(CompletionStage<?> stage) {
        return advanceUntilSettled(stage, Duration.ofMillis(500));
    }

    /** The same by steps of another length; each takes a tenth of a second. */
    Duration advanceUntilSettled(CompletionStage<?> stage, Duration step) {
        Duration advanced = Duration.ZERO;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            try {
                stage.toCompletableFuture().get(2, TimeUnit.MILLISECONDS);
                return advanced;
            } catch (ExecutionException e) {
                return advanced;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            } catch (TimeoutException e) {
                time.timePasses(step);
                advanced = advanced.plus(step);
            }
        }
        throw new AssertionError("not settled after " + advanced);
    }

    /** Moves the clock until something has happened. */
    void advanceUntil(BooleanSupplier condition) {
        advanceUntil(condition, Duration.ofMillis(20));
    }

    /** The same by steps of another length; each takes a tenth of a second. */
    void advanceUntil(BooleanSupplier condition, Duration step) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not happen");
            }
            time.timePasses(step);
            Thread.onSpinWait();
        }
    }

    VmFailure failure() {
        VmEnd end = Await.value(vm.ended());
        assertThat(end.how()).isEqualTo(VmEnd.How.FAILED);
        return end.failure().orElseThrow();
    }
}
