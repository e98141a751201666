package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.EventFd;
import vmette.memory.MappedGuestMemory;

/** How long the loop means to sleep and how often it is woken, counted at its one waiting call; nothing here waits. */
class DeviceLoopWaitTest {
    private static final Duration FOREVER = Duration.ofSeconds(-1);

    /** Notes each wait and lets things happen in the middle of it, then returns what is ready at once. */
    private static final class Waits extends WatchTable {
        private final List<Duration> asked = new ArrayList<>();
        private Runnable meanwhile = () -> {};

        @Override
        int await(Duration timeout) {
            asked.add(timeout);
            Runnable now = meanwhile;
            meanwhile = () -> {};
            now.run();
            return super.await(Duration.ZERO);
        }
    }

    private final AtomicLong now = new AtomicLong();
    private final Waits waits = new Waits();
    private final DeviceLoop loop = new DeviceLoop(now::get, failure -> {}, waits);
    private final List<String> ran = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        loop.close();
    }

    private boolean turn() {
        return loop.doWork(FOREVER);
    }

    private void fromElsewhere(Runnable action) {
        Thread other = new Thread(action);
        other.start();
        try {
            other.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anIdleLoopSleepsWithoutLimit() {
        assertThat(turn()).isFalse();
        assertThat(waits.asked).containsExactly(FOREVER);
    }

    @Test
    void aLoopWithAnOpenConnectionAndNothingToDoSleepsWithoutLimit() {
        VsockDevice device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(new VsockBudget(1 << 20)), loop);
        device.listen(directory.resolve("vs"), peer -> MappedGuestMemory::open, pid -> true);
        settle();
        try (RingGuest guest = RingGuest.connect(directory.resolve("vs"), this::settle)) {
            RecordingHandler handler = RecordingHandler.demanding(100);
            device.host().listen(7000, 1, request -> request.accept(handler));
            guest.dial(1, 7000);
            while (!guest.isOpen(1, 7000)) {
                guest.turn();
                settle();
            }
            guest.write(1, 7000, new byte[50]);
            while (handler.received.size() < 50) {
                guest.turn();
                settle();
            }
            guest.turn();
            settle();
            waits.asked.clear();
            for (int i = 0; i < 10; i++) {
                assertThat(turn()).as("an idle turn that found something").isFalse();
            }
            assertThat(waits.asked).hasSize(10).containsOnly(FOREVER);
            device.close();
            settle();
        }
    }

    private void settle() {
        int turns = 0;
        while (loop.doWork(Duration.ZERO)) {
            assertThat(turns++).isLessThan(10_000);
        }
    }

    @Test
    void itSleepsUntilTheNextExpiryAndNoLonger() {
        ExpiryTimer.Expiry first = loop.timer().after(Duration.ofSeconds(5), () -> ran.add("first"));
        loop.timer().after(Duration.ofSeconds(7), () -> ran.add("second"));
        assertThat(turn()).isFalse();
        now.addAndGet(Duration.ofSeconds(2).toNanos());
        turn();
        first.cancel();
        turn();
        now.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(turn()).isTrue();
        assertThat(turn()).isFalse();
        assertThat(waits.asked)
                .containsExactly(
                        Duration.ofSeconds(5), Duration.ofSeconds(3), Duration.ofSeconds(5), Duration.ZERO, FOREVER);
        assertThat(ran).containsExactly("second");
    }

    @Test
    void aBatchThatComesWhileItSleepsIsOneWakeAndOneTurn() {
        waits.meanwhile = () -> fromElsewhere(() -> {
            for (int i = 0; i < 100; i++) {
                loop.execute(() -> ran.add("task"));
            }
        });
        assertThat(turn()).isTrue();
        assertThat(ran).hasSize(100);
        assertThat(turn()).as("woken again for nothing").isFalse();
        assertThat(waits.asked).containsExactly(FOREVER, FOREVER);
    }

    @Test
    void whatComesWhileItIsAwakeWakesNobodyAndIsNotOverslept() {
        loop.execute(() -> fromElsewhere(() -> loop.execute(() -> ran.add("from elsewhere"))));
        turn();
        loop.execute(() -> loop.defer(() -> fromElsewhere(() -> loop.execute(() -> ran.add("too late")))));
        turn();
        assertThat(ran).containsExactly("from elsewhere");
        turn();
        assertThat(ran).containsExactly("from elsewhere", "too late");
        assertThat(waits.asked).as("never sleeps on a task").containsOnly(Duration.ZERO);
        assertThat(turn()).as("a wake for what it saw by itself").isFalse();
        assertThat(waits.asked).endsWith(FOREVER);
    }

    @Test
    void wakesAreCountedOncePerSleep() {
        try (TaskQueue tasks = new TaskQueue()) {
            tasks.add(() -> {});
            assertThat(tasks.drainWakes()).as("awake").isZero();
            assertThat(tasks.fallAsleep()).as("with a task waiting").isFalse();
            tasks.poll();
            tasks.awake();
            assertThat(tasks.fallAsleep()).isTrue();
            for (int i = 0; i < 5; i++) {
                tasks.add(() -> {});
            }
            assertThat(tasks.drainWakes()).as("asleep").isEqualTo(1);
            tasks.awake();
            tasks.add(() -> {});
            assertThat(tasks.drainWakes()).as("awake again").isZero();
        }
    }

    @Test
    void everyDescriptorThatIsReadyIsServedInOneTurn() {
        List<EventFd> events = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            EventFd event = EventFd.create();
            events.add(event);
            loop.watch(event.fd(), () -> ran.add("ready " + event.drain()));
        }
        events.forEach(EventFd::signal);
        events.forEach(EventFd::signal);
        assertThat(turn()).isTrue();
        assertThat(ran).hasSize(50).containsOnly("ready 2");
        assertThat(turn()).isFalse();
        assertThat(waits.asked).hasSize(2);
        for (EventFd event : events) {
            loop.unwatch(event.fd());
            event.close();
        }
    }
}
