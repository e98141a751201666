package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.linux.EventFd;
import vmette.linux.OpenFds;

class DeviceLoopTest {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private final AtomicLong now = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<String> seen = new ArrayList<>();
    private Set<String> before;
    private DeviceLoop loop;
    private EventFd event;

    @BeforeEach
    void open() {
        before = OpenFds.ours();
        loop = new DeviceLoop(now::get, failure::set);
        event = EventFd.create();
    }

    @AfterEach
    void leavesNoDescriptor() {
        loop.close();
        loop.close();
        event.close();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private static void offLoop(Runnable action) throws InterruptedException {
        Thread other = new Thread(action);
        other.start();
        other.join();
    }

    @Test
    void anIdleTurnDoesNothing() {
        assertThat(loop.doWork(Duration.ZERO)).isFalse();
        assertThat(loop.inLoop()).isFalse();
    }

    @Test
    void readableDescriptorsAreReportedUntilUnwatched() {
        loop.watch(event.fd(), () -> {
            seen.add("ready");
            event.drain();
        });
        event.signal();
        assertThat(loop.doWork(Duration.ZERO)).isTrue();
        assertThat(loop.doWork(Duration.ZERO)).isFalse();
        loop.unwatch(event.fd());
        event.signal();
        assertThat(loop.doWork(Duration.ZERO)).isFalse();
        assertThat(seen).containsExactly("ready");
    }

    @Test
    void anEventReportedAlreadyIsDroppedByUnwatch() {
        try (EventFd second = EventFd.create()) {
            loop.watch(event.fd(), () -> {
                seen.add("first");
                loop.unwatch(second.fd());
                loop.unwatch(event.fd());
            });
            loop.watch(second.fd(), () -> {
                seen.add("second");
                loop.unwatch(second.fd());
                loop.unwatch(event.fd());
            });
            event.signal();
            second.signal();
            loop.doWork(Duration.ZERO);
            loop.doWork(Duration.ZERO);
            assertThat(seen).hasSize(1);
        }
    }

    @Test
    void tasksRunInOrderAndDirectlyOnTheLoop() {
        loop.execute(() -> {
            seen.add("1");
            assertThat(loop.inLoop()).isTrue();
            loop.execute(() -> seen.add("2"));
            loop.defer(() -> seen.add("4"));
            seen.add("3");
        });
        assertThat(seen).isEmpty();
        assertThat(loop.doWork(DEADLINE)).isTrue();
        assertThat(seen).containsExactly("1", "2", "3", "4");
    }

    @Test
    void whatIsDeferredByTheDeferredWaitsForTheNextTurn() {
        loop.execute(() -> loop.defer(() -> {
            seen.add("1");
            loop.defer(() -> seen.add("2"));
        }));
        loop.doWork(Duration.ZERO);
        assertThat(seen).containsExactly("1");
        assertThat(loop.doWork(DEADLINE))
                .as("does not wait with something deferred")
                .isTrue();
        assertThat(seen).containsExactly("1", "2");
    }

    @Test
    void expiriesHappenByTheGivenClock() {
        loop.timer().after(Duration.ofSeconds(5), () -> seen.add("due"));
        loop.doWork(Duration.ZERO);
        assertThat(seen).isEmpty();
        now.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(loop.doWork(DEADLINE)).isTrue();
        assertThat(seen).containsExactly("due");
    }

    @Test
    void theThreadIsWokenByTasksFromOtherThreads() throws Exception {
        loop.start();
        loop.start();
        AtomicInteger count = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1);
        int tasks = 50_000;
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            threads.add(new Thread(() -> {
                for (int i = 0; i < tasks / 4; i++) {
                    loop.execute(() -> {
                        if (count.incrementAndGet() == tasks) {
                            done.countDown();
                        }
                    });
                }
            }));
        }
        threads.forEach(Thread::start);
        assertThat(done.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        AtomicReference<Thread> own = new AtomicReference<>();
        CountDownLatch named = new CountDownLatch(1);
        loop.execute(() -> {
            own.set(Thread.currentThread());
            named.countDown();
        });
        assertThat(named.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(own.get().getName()).startsWith("vmette-device-loop-");
        assertThat(own.get().isDaemon()).isTrue();
        assertThatThrownBy(() -> loop.doWork(Duration.ZERO)).isInstanceOf(IllegalStateException.class);
        loop.close();
        assertThat(own.get().isAlive()).isFalse();
    }

    @Test
    void tasksAreRunOnTheCallersThreadAfterTheEnd() throws Exception {
        loop.start();
        loop.close();
        offLoop(() -> loop.execute(() -> seen.add("inLoop " + loop.inLoop())));
        assertThat(seen).containsExactly("inLoop true");
        assertThat(loop.inLoop()).isFalse();
        loop.start();
    }

    @Test
    void whatATaskThrowsEndsTheLoopAndItsDevicesAndIsReported() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        List<String> reasons = new ArrayList<>();
        CountDownLatch reported = new CountDownLatch(1);
        try (DeviceLoop failing = new DeviceLoop(System::nanoTime, cause -> {
            failure.set(cause);
            reported.countDown();
        })) {
            failing.join(reason -> {
                reasons.add(reason);
                ended.countDown();
            });
            failing.start();
            failing.execute(() -> {
                throw new IllegalStateException("from the test");
            });
            assertThat(reported.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(ended.getCount()).isZero();
            assertThat(failure.get()).hasMessage("from the test");
            assertThat(reasons).hasSize(1).first().asString().contains("from the test");
            failing.execute(() -> seen.add("still run"));
            assertThat(seen).containsExactly("still run");
        }
    }

    @Test
    void aMemberThatComesTooLateIsToldAtOnce() {
        loop.close();
        loop.join(seen::add);
        assertThat(seen).hasSize(1);
    }
}
