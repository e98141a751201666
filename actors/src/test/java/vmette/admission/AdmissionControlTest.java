package vmette.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import vmette.config.AdmissionSettings;
import vmette.config.WhenFull;
import vmette.errors.AdmissionRefusedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;

class AdmissionControlTest {
    private static AdmissionControl control(int starting, long memoryMib, int queue) {
        return new AdmissionControl(
                new AdmissionSettings(OptionalInt.of(starting), OptionalLong.of(memoryMib), queue, WhenFull.QUEUE),
                1,
                1,
                () -> Instant.EPOCH);
    }

    private static boolean isDone(CompletionStage<Void> entered) {
        return entered.toCompletableFuture().isDone();
    }

    private static Throwable failure(CompletionStage<Void> entered) {
        try {
            entered.toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("it came in");
    }

    @Test
    void whoWaitsIsSeenAndComesInWhenTheFormerIsUp() {
        AdmissionControl control = control(1, 1000, 10);
        VmAdmission first = control.vm("first", "", 100, WhenFull.QUEUE);
        VmAdmission second = control.vm("second", "web", 100, WhenFull.QUEUE);
        assertThat(isDone(first.enter())).isTrue();
        CompletionStage<Void> entered = second.enter();
        assertThat(isDone(entered)).isFalse();
        assertThat(control.status())
                .isEqualTo(new AdmissionStatus(
                        1,
                        1,
                        100 + AdmissionControl.MONITOR_MIB,
                        1000,
                        List.of(new AdmissionStatus.Waiting(
                                "second", "web", 100 + AdmissionControl.MONITOR_MIB, Instant.EPOCH, false, false))));
        assertThat(control.waiting()).containsExactly("second");
        first.settled();
        assertThat(isDone(entered)).isTrue();
        assertThat(control.waiting()).isEmpty();
        CompletionStage<Void> again = first.enter();
        assertThat(isDone(again)).isFalse();
        assertThat(control.waiting()).containsExactly("first");
    }

    @Test
    void limitsThatAreNotSetAreTheHosts() {
        AdmissionControl control = new AdmissionControl(
                new AdmissionSettings(OptionalInt.empty(), OptionalLong.empty(), 0, WhenFull.QUEUE),
                3,
                4096,
                () -> Instant.EPOCH);
        assertThat(control.status()).isEqualTo(new AdmissionStatus(0, 6, 0, 4096, List.of()));
        assertThat(failure(control.vm("large", "", 4065, WhenFull.QUEUE).enter()))
                .hasMessageContaining("memory = 4065 MiB is more than this host has: use at most 4064 MiB");
    }

    @Test
    void whoIsNotLetInLearnsWhyAndWhatToDo() {
        AdmissionControl control = control(1, 300, 0);
        assertThat(isDone(control.vm("up", "", 100, WhenFull.QUEUE).enter())).isTrue();
        assertThat(failure(control.vm("large", "", 300, WhenFull.QUEUE).enter()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("VM large: memory = 300 MiB is more than all VMs together may have"
                        + " (vmette.admission.memory): use at most 268 MiB, since its monitor takes some as well");
        assertThat(failure(control.vm("late", "", 10, WhenFull.QUEUE).enter()))
                .isInstanceOf(AdmissionRefusedException.class)
                .hasMessage("VM late was not launched: 0 wait already (vmette.admission.queue); try again later");
        assertThat(failure(control.vm("proud", "", 10, WhenFull.FAIL).enter()))
                .isInstanceOf(AdmissionRefusedException.class)
                .hasMessageContaining("it was not to wait; try again later");
    }

    @Test
    void whoGaveUpItsPlaceLearnsSo() {
        AdmissionControl control = control(1, 300, 1);
        control.vm("up", "", 10, WhenFull.QUEUE).enter();
        CompletionStage<Void> shed = control.vm("meek", "", 10, WhenFull.SHED).enter();
        assertThat(isDone(control.vm("late", "", 10, WhenFull.QUEUE).enter())).isFalse();
        assertThat(failure(shed))
                .isInstanceOf(AdmissionRefusedException.class)
                .hasMessageContaining("it gave up its place to a later one, since 1 wait");
    }

    @Test
    void whoIsStoppedBeforeItHasAskedIsNotLetInButMayAskAgain() {
        AdmissionControl control = control(1, 300, 1);
        VmAdmission vm = control.vm("vm", "", 10, WhenFull.QUEUE);
        vm.cancel();
        assertThat(failure(vm.enter())).isInstanceOf(VmLostException.class);
        assertThat(isDone(vm.enter())).isTrue();
        vm.settled();
        vm.cancel();
        assertThat(isDone(vm.enter())).as("it had been up").isTrue();
        vm.end();
        assertThat(failure(vm.enter())).hasMessage("VM vm was stopped while it waited to come up");
        assertThat(control.status().memoryMib()).isZero();
    }

    /** What whoever is let in does may ask again: it is told outside of the lock. */
    @Test
    void manyAtOnceNeverExceedTheLimitAndAllComeIn() throws Exception {
        AdmissionControl control = control(3, 100_000, 1000);
        AtomicInteger at = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger through = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            int number = thread;
            threads.add(new Thread(() -> {
                for (int each = 0; each < 100; each++) {
                    VmAdmission vm = control.vm(number + "-" + each, "g" + number, 1, WhenFull.QUEUE);
                    vm.enter().thenRun(() -> {
                        most.accumulateAndGet(at.incrementAndGet(), Math::max);
                        through.incrementAndGet();
                        at.decrementAndGet();
                        vm.end();
                    });
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(60_000);
        }
        assertThat(through).hasValue(400);
        assertThat(most.get()).isBetween(1, 3);
        assertThat(control.status().starting()).isZero();
    }

    @Test
    void settingsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> control(0, 1, 1)).hasMessageContaining("admission.starting = 0 is refused");
        assertThatThrownBy(() -> control(1, 0, 1)).hasMessageContaining("admission.memory = 0 is refused");
        assertThatThrownBy(() -> control(1, 1, -1)).hasMessageContaining("admission.queue = -1 is refused");
    }
}
