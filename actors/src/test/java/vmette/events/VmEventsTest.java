package vmette.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.stream.javadsl.Sink;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.stream.Await;
import vmette.stream.BrokenStreams;

/** Who is told what, in which order, and who waits for whom. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VmEventsTest {
    private static final int BUFFER = 4;

    private final VmEvents events = new VmEvents(BUFFER);
    private ActorTestKit kit;

    @BeforeAll
    void startSystem() {
        kit = ActorTestKit.create(ConfigFactory.parseString("akka.test.single-expect-default = 30s")
                .withFallback(ConfigFactory.load()));
    }

    @AfterAll
    void stopSystem() {
        kit.shutdownTestKit();
    }

    private TestSubscriber.Probe<VmEvent> probe(VmEvents of) {
        TestSubscriber.Probe<VmEvent> probe = of.all().runWith(TestSink.create(kit.system()), kit.system());
        probe.ensureSubscription();
        // The stage subscribes when it starts, which may be after that.
        return probe;
    }

    private static void awaitSubscribers(VmEvents of, int count) {
        Await.until(count + " subscribers", () -> of.subscribers() == count);
    }

    @Test
    void aSlowSubscriberLearnsHowManyHeMissed() {
        VmEvents own = new VmEvents(BUFFER);
        TestSubscriber.Probe<VmEvent> slow = probe(own);
        awaitSubscribers(own, 1);
        for (int i = 0; i < 10; i++) {
            own.publish(Told.launched("vm", i));
        }
        slow.request(100);
        slow.expectNext(new VmEvent.Missed(6, Told.at(5)));
        for (int i = 6; i < 10; i++) {
            slow.expectNext(Told.launched("vm", i));
        }
        assertThat(own.missed()).isEqualTo(6);
        own.publish(Told.launched("vm", 10));
        slow.expectNext(Told.launched("vm", 10));
        own.close();
        slow.expectComplete();
    }

    @Test
    void eachHasABufferOfHisOwn() {
        VmEvents own = new VmEvents(BUFFER);
        TestSubscriber.Probe<VmEvent> slow = probe(own);
        TestSubscriber.Probe<VmEvent> quick = probe(own);
        awaitSubscribers(own, 2);
        quick.request(100);
        for (int i = 0; i < 3 * BUFFER; i++) {
            own.publish(Told.launched("vm", i));
            quick.expectNext(Told.launched("vm", i));
        }
        slow.request(1);
        slow.expectNext(new VmEvent.Missed(2 * BUFFER, Told.at(2 * BUFFER - 1)));
        quick.cancel();
        slow.cancel();
        awaitSubscribers(own, 0);
    }

    @Test
    void theStreamOfAVmEndsWithItsEnd() {
        TestSubscriber.Probe<VmEvent> one = events.of("one").runWith(TestSink.create(kit.system()), kit.system());
        one.request(100);
        awaitSubscribers(events, 1);
        events.publish(Told.launched("other", 1));
        events.publish(Told.launched("one", 2));
        events.publish(Told.ended("one", 1, 3, VmEnd.How.STOPPED));
        events.publish(Told.launched("one", 4));
        one.expectNext(Told.launched("one", 2));
        one.expectNext(Told.ended("one", 1, 3, VmEnd.How.STOPPED));
        one.expectComplete();
        awaitSubscribers(events, 0);
    }

    @Test
    void theEndOfAVmIsNotMissed() {
        TestSubscriber.Probe<VmEvent> one = events.of("late").runWith(TestSink.create(kit.system()), kit.system());
        one.ensureSubscription();
        awaitSubscribers(events, 1);
        for (int i = 1; i <= 2 * BUFFER; i++) {
            events.publish(Told.began("late", i, i));
        }
        events.publish(Told.ended("late", 2 * BUFFER, 99, VmEnd.How.STOPPED));
        one.request(100);
        one.expectNext(new VmEvent.Missed(BUFFER + 1, Told.at(BUFFER + 1)));
        one.expectNextN(BUFFER - 1);
        one.expectNext(Told.ended("late", 2 * BUFFER, 99, VmEnd.How.STOPPED));
        one.expectComplete();
    }

    @Test
    void oneLifeIsNotTakenForTheNextOfItsName() {
        AtomicBoolean over = new AtomicBoolean();
        TestSubscriber.Probe<VmEvent> refused =
                events.of("twice", over::get).runWith(TestSink.create(kit.system()), kit.system());
        refused.request(1);
        TestSubscriber.Probe<VmEvent> byName = events.of("twice").runWith(TestSink.create(kit.system()), kit.system());
        byName.request(1);
        awaitSubscribers(events, 2);
        over.set(true);
        events.over("twice");
        refused.expectComplete();
        events.of("twice", over::get)
                .runWith(TestSink.<VmEvent>create(kit.system()), kit.system())
                .expectSubscriptionAndComplete();
        events.publish(Told.launched("twice", 1));
        byName.expectNext(Told.launched("twice", 1));
        byName.cancel();
        awaitSubscribers(events, 0);
    }

    @Test
    void afterTheEndOfTheRuntimeAStreamIsEmpty() {
        VmEvents own = new VmEvents(BUFFER);
        own.close();
        assertThat(Await.value(own.all().runWith(Sink.seq(), kit.system()))).isEmpty();
        assertThat(Await.value(own.of("vm").runWith(Sink.seq(), kit.system()))).isEmpty();
    }

    @Test
    void aListenerThatThrowsKeepsNobodyFromBeingTold() {
        VmEvents own = new VmEvents(BUFFER);
        List<VmEvent> heard = new ArrayList<>();
        own.listen(event -> {
            throw new StackOverflowError("a listener's own");
        });
        own.listen(heard::add);
        CompletionStage<VmEvent> streamed = own.all().runWith(Sink.head(), kit.system());
        awaitSubscribers(own, 1);
        own.publish(Told.launched("vm", 1));
        assertThat(heard).containsExactly(Told.launched("vm", 1));
        assertThat(Await.value(streamed)).isEqualTo(Told.launched("vm", 1));
    }

    /** Several supervisors at once, subscribers that ask when they like: see that each VM's events stay in order and every one is accounted for. */
    @Test
    void noInterleavingOfThreadsLosesCountOrOrder() throws InterruptedException {
        int vms = 4;
        int perVm = 3000;
        VmEvents own = new VmEvents(BUFFER);
        List<CompletionStage<List<VmEvent>>> read = IntStream.range(0, 3)
                .mapToObj(n -> {
                    Random random = new Random(n);
                    return own.all()
                            .map(event -> {
                                for (int i = random.nextInt(50) == 0 ? 10_000 : 0; i > 0; i--) {
                                    Thread.onSpinWait();
                                }
                                return event;
                            })
                            .runWith(Sink.<VmEvent>seq(), kit.system());
                })
                .toList();
        awaitSubscribers(own, 3);
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> supervisors = IntStream.range(0, vms)
                .mapToObj(vm -> new Thread(() -> {
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    for (int i = 1; i <= perVm; i++) {
                        own.publish(Told.began("vm-" + vm, i, i));
                    }
                }))
                .toList();
        supervisors.forEach(Thread::start);
        go.countDown();
        for (Thread each : supervisors) {
            each.join();
        }
        own.close();
        long missed = 0;
        for (CompletionStage<List<VmEvent>> each : read) {
            List<VmEvent> all = Await.value(each);
            long gaps = all.stream()
                    .filter(VmEvent.Missed.class::isInstance)
                    .mapToLong(event -> ((VmEvent.Missed) event).count())
                    .sum();
            List<VmEvent.Began> delivered = all.stream()
                    .filter(VmEvent.Began.class::isInstance)
                    .map(VmEvent.Began.class::cast)
                    .toList();
            assertThat(delivered.size() + gaps).isEqualTo((long) vms * perVm);
            for (int vm = 0; vm < vms; vm++) {
                String name = "vm-" + vm;
                assertThat(delivered.stream().filter(event -> event.vm().equals(name)))
                        .extracting(VmEvent.Began::incarnation)
                        .isSorted()
                        .doesNotHaveDuplicates();
            }
            missed += gaps;
        }
        assertThat(own.missed()).isEqualTo(missed);
    }

    /** Each failure has its console with it, of up to 32 KiB. */
    @Test
    void consolesThatWaitForASlowSubscriberAreBounded() {
        List<String> console = List.of("x".repeat(Subscription.CONSOLES / 4));
        VmFailure known = Told.failure("vm", 1, 1, Told.PANIC, Optional.empty());
        VmFailure large =
                new VmFailure("vm", 1, Told.PANIC, true, Optional.empty(), console, known.life(), Optional.empty());
        Subscription slow = Subscription.ofAll(100, new LongAdder(), () -> {});
        for (int i = 0; i < 5; i++) {
            slow.offer(new VmEvent.Failed(large));
        }
        slow.offer(new VmEvent.Ended("vm", 1, Told.at(2), new VmEnd(VmEnd.How.FAILED, Optional.of(large))));
        for (int i = 0; i < 4; i++) {
            assertThat(slow.poll()).contains(new VmEvent.Failed(large));
        }
        assertThat(slow.poll()).contains(new VmEvent.Failed(large.withoutConsole()));
        assertThat(slow.poll())
                .contains(new VmEvent.Ended(
                        "vm", 1, Told.at(2), new VmEnd(VmEnd.How.FAILED, Optional.of(large.withoutConsole()))));
        // There is room again.
        slow.offer(new VmEvent.Failed(large));
        assertThat(slow.poll()).contains(new VmEvent.Failed(large));
        assertThat(slow.poll()).isEmpty();
    }

    @Test
    void whatWasDroppedHasNoConsoleThatWaits() {
        VmFailure known = Told.failure("vm", 1, 1, Told.PANIC, Optional.empty());
        VmFailure large = new VmFailure(
                "vm",
                1,
                Told.PANIC,
                true,
                Optional.empty(),
                List.of("x".repeat(Subscription.CONSOLES)),
                known.life(),
                Optional.empty());
        Subscription slow = Subscription.ofAll(1, new LongAdder(), () -> {});
        slow.offer(new VmEvent.Failed(large));
        slow.offer(new VmEvent.Failed(large));
        assertThat(slow.poll()).contains(new VmEvent.Missed(1, Told.at(1)));
        assertThat(slow.poll()).contains(new VmEvent.Failed(large));
    }

    @Test
    void aStreamThatCouldNotBeMadeKeepsNoPlace() {
        VmEvents own = new VmEvents(BUFFER);
        assertThatThrownBy(() -> own.all().runWith(BrokenStreams.sink(), kit.system()))
                .isInstanceOf(IllegalStateException.class);
        own.publish(Told.launched("vm", 1));
        Await.until("its place to be free", () -> {
            System.gc();
            return own.subscribers() == 0;
        });
    }
}
