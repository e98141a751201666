package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.control.ControlFixture.async;
import static vmette.control.ControlFixture.get;
import static vmette.control.ControlFixture.next;

import akka.Done;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** Lists, orders, logs, events and fleets over the control socket, both ends. */
class ControlOperationsTest {
    private ControlFixture fixture;

    @BeforeEach
    void start() {
        fixture = new ControlFixture();
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private List<Facts> all(String operation, String subject, String... words) {
        try (ControlCall call = fixture.call(operation, subject, words)) {
            return call.all();
        }
    }

    @Test
    void vmsAreListedWithTheirPlaceInAFleet() {
        fixture.runtime.vms.add(Facts.of("name", "web", "state", "ready", "incarnation", 2));
        fixture.runtime.vms.add(Facts.of("name", "alone", "state", "starting"));
        FakeFleet fleet = new FakeFleet();
        fleet.members.add(Facts.of("name", "web", "state", "starting", "group", "front"));
        fleet.members.add(Facts.of("name", "later", "state", "waiting"));
        fixture.server.publish(fleet);
        fixture.runtime.vms.add(Facts.of("name", "worn", "state", "ended", "incarnation", 4));
        fleet.members.add(Facts.of("name", "worn", "state", "given-up", "reason", "group front failed"));
        assertThat(all("ps", ""))
                .containsExactly(
                        Facts.of("name", "alone", "state", "starting"),
                        Facts.of("name", "later", "state", "waiting", "fleet", "shop"),
                        Facts.of("name", "web", "state", "ready", "group", "front", "fleet", "shop", "incarnation", 2),
                        Facts.of(
                                "name",
                                "worn",
                                "state",
                                "given-up",
                                "reason",
                                "group front failed",
                                "fleet",
                                "shop",
                                "incarnation",
                                4));
    }

    @Test
    void ordersAreAnsweredWhenTheyHaveBeenCarriedOut() {
        CompletableFuture<List<Facts>> restarted = async(() -> all("restart", "web"));
        assertThat(next(fixture.vm.orders)).isEqualTo("restart");
        assertThat(restarted).isNotDone();
        fixture.vm.restarted.complete(Facts.of("incarnation", 3));
        assertThat(get(restarted)).containsExactly(Facts.of("incarnation", 3));
        CompletableFuture<List<Facts>> stopped = async(() -> all("stop", "web"));
        assertThat(next(fixture.vm.orders)).isEqualTo("stop");
        fixture.vm.stopped.completeExceptionally(new VmLostException("it was lost"));
        assertThatThrownBy(() -> get(stopped)).hasMessageContaining("it was lost");
    }

    @Test
    void aMemberOfAFleetIsRestartedInIt() {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        fleet.restarted.complete(Done.getInstance());
        assertThat(all("restart", "web")).isEmpty();
        assertThat(fixture.vm.orders).isEmpty();
    }

    @Test
    void aLogIsSentToItsEnd() {
        fixture.vm.log = Source.range(1, 20).map(i -> ByteString.fromArray(new byte[100_000]));
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        try (ControlCall call = fixture.call("logs", "web", "7", "follow")) {
            call.bytes(taken);
        }
        assertThat(taken.size()).isEqualTo(2_000_000);
        assertThat(next(fixture.vm.orders)).isEqualTo("log 7 true");
    }

    @Test
    void aFollowerThatLeavesEndsWhatItReads() throws IOException {
        CompletableFuture<Done> ended = new CompletableFuture<>();
        fixture.vm.log = Source.<ByteString>maybe().watchTermination((promise, done) -> {
            done.whenComplete((ok, failure) -> ended.complete(Done.getInstance()));
            return akka.NotUsed.getInstance();
        });
        ControlConnection client = fixture.connect("logs", "web", "0", "follow");
        assertThat(next(fixture.vm.orders)).isEqualTo("log 0 true");
        client.close();
        get(ended);
    }

    @Test
    void eventsThatAreKeptComeFirstAndLiveOnesAfter() {
        fixture.runtime.events.add(Facts.of("event", "began", "vm", "web"));
        fixture.runtime.events.add(Facts.of("event", "began", "vm", "other"));
        assertThat(all("events", "", "end")).hasSize(2);
        assertThat(all("events", "", "end", "1")).containsExactly(Facts.of("event", "began", "vm", "other"));
        assertThat(all("events", "web", "end", "1")).containsExactly(Facts.of("event", "began", "vm", "web"));
        assertThat(all("events", "web", "end", "0")).isEmpty();
        assertThat(all("events", "", "end", "5000")).hasSize(2);
        assertThat(all("events", "web", "end")).containsExactly(Facts.of("event", "began", "vm", "web"));
        try (ControlCall call = fixture.call("events", "web", "follow")) {
            assertThat(call.next()).contains(Facts.of("event", "began", "vm", "web"));
            CompletableFuture<Optional<Facts>> next = async(call::next);
            fixture.runtime.events.add(Facts.of("event", "ready", "vm", "other"));
            fixture.runtime.events.add(Facts.of("event", "ready", "vm", "web"));
            assertThat(get(next)).contains(Facts.of("event", "ready", "vm", "web"));
            fixture.runtime.events.close();
            assertThat(call.next()).isEmpty();
        }
    }

    @Test
    void aSlowReaderOfEventsHoldsUpNobodyAndLearnsWhatItMissed() throws IOException {
        String long_ = "x".repeat(1900);
        fixture.runtime.events.add(Facts.of("event", "launched"));
        ControlConnection slow = fixture.connect("events", "", "follow");
        assertThat(slow.read()).isEqualTo(new ControlFrame.Answer(List.of("event", "launched")));
        int many = 5 * EventTail.KEPT;
        for (int i = 0; i < many; i++) {
            fixture.runtime.events.add(Facts.of("event", "began", "number", i, "text", long_));
        }
        // Others are served meanwhile.
        assertThat(all("ps", "")).isEmpty();
        fixture.runtime.events.close();
        long seen = 0;
        ControlFrame frame = slow.read();
        for (; frame instanceof ControlFrame.Answer answer; frame = slow.read()) {
            Facts event = Facts.of(answer.words());
            seen += event.text("event").equals("missed") ? event.number("count").orElseThrow() : 1;
        }
        assertThat(frame).isEqualTo(new ControlFrame.Succeeded());
        assertThat(seen).isEqualTo(many);
        slow.close();
    }

    @Test
    void aPlaceIsFreeAgainOnceItsClientHasBeenAnswered() throws IOException {
        for (int i = 0; i < 2 * Kind.QUESTION.limit; i++) {
            assertThat(all("ps", "")).isEmpty();
        }
    }

    @Test
    void followersKeepOutNobodyButFollowers() throws IOException {
        fixture.vm.log = Source.<ByteString>maybe().mapMaterializedValue(promise -> akka.NotUsed.getInstance());
        List<ControlConnection> followers = new ArrayList<>();
        for (int i = 0; i < Kind.FOLLOWER.limit; i++) {
            followers.add(fixture.connect("logs", "web", "0", "follow"));
            next(fixture.vm.orders);
        }
        try (ControlConnection more = fixture.connect("events", "", "follow")) {
            assertThat(more.read())
                    .isEqualTo(new ControlFrame.Failed(
                            "EAGAIN",
                            "32 readers of logs and events are under way with this runtime, and no more go at a time:"
                                    + " try again"));
        }
        assertThat(all("ps", "")).isEmpty();
        try (ControlConnection copy = fixture.connect("stat", "web", "relative")) {
            assertThat(copy.read())
                    .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.reason())
                            .isEqualTo("INVALID_CONFIG"));
        }
        followers.forEach(ControlConnection::close);
    }

    /** As those of a VM are that never comes up, though their clients have left. */
    @Test
    void ordersThatAreNeverCarriedOutKeepOutNoStop() throws IOException {
        for (int i = 0; i < Kind.ORDER.limit; i++) {
            ControlConnection order = fixture.connect("restart", "web");
            next(fixture.vm.orders);
            order.close();
        }
        fixture.vm.stopped.complete(Facts.of("how", "stopped"));
        assertThat(all("stop", "web")).containsExactly(Facts.of("how", "stopped"));
        fixture.vm.restarted.complete(Facts.of("incarnation", 2));
    }

    @Test
    void aChangeIsToldFirstAndMadeWhenItIsWanted() {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        try (ControlCall call = fixture.call("apply", "shop")) {
            call.content("vmette {}");
            assertThat(call.next()).contains(Facts.of("step", "start", "vm", "web"));
            assertThat(call.next()).contains(Facts.of("plan", "ready"));
            assertThat(next(fleet.planned)).isEqualTo("vmette {}");
            assertThat(fleet.applied).isEmpty();
            call.say("go");
            next(fleet.applied);
            fixture.runtime.events.add(Facts.of("event", "ready", "vm", "web"));
            assertThat(call.next()).contains(Facts.of("event", "ready", "vm", "web"));
            fleet.changed.complete(Done.getInstance());
            assertThat(call.next()).isEmpty();
        }
    }

    @Test
    void aChangeThatIsNotWantedIsNotMade() throws IOException {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        try (ControlCall call = fixture.call("apply", "shop")) {
            call.content("x");
            assertThat(call.next()).isPresent();
        }
        try (ControlConnection odd = fixture.connect("apply", "shop")) {
            odd.write(new ControlFrame.End());
            odd.write(new ControlFrame.Answer(List.of("perhaps")));
            ControlFrame frame = odd.read();
            while (frame instanceof ControlFrame.Answer) {
                frame = odd.read();
            }
            assertThat(frame).isEqualTo(new ControlFrame.Succeeded());
        }
        fleet.refusal = Optional.of(new InvalidConfigException("shop.conf has a mistake"));
        try (ControlCall call = fixture.call("apply", "shop")) {
            call.content("x");
            assertThatThrownBy(call::next)
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessage("shop.conf has a mistake");
        }
        try (ControlCall call = fixture.call("apply", "none")) {
            assertThatThrownBy(call::next).hasMessage("no fleet named none is up");
        }
        assertThat(fleet.applied).isEmpty();
    }

    @Test
    void downIsAnsweredBeforeTheRuntimeIsGone() {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        CompletableFuture<List<Facts>> down = async(() -> all("down", "shop"));
        next(fleet.applied);
        fixture.runtime.events.add(Facts.of("event", "ended", "vm", "web"));
        fleet.changed.complete(Done.getInstance());
        // As the process that had it up goes on.
        fixture.runtime.events.close();
        fixture.server.close();
        assertThat(get(down)).containsExactly(Facts.of("event", "ended", "vm", "web"));
    }

    @Test
    void fleetsAndVmsAreFoundAndTheNearestNameIsSuggested() throws IOException {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        Runtimes runtimes = fixture.runtimes();
        assertThat(runtimes.ofFleet("shop")).isPresent();
        assertThat(runtimes.ofFile(Path.of("/etc/shop.conf")).orElseThrow().getKey())
                .isEqualTo("shop");
        assertThat(runtimes.ofFile(Path.of("/etc/other.conf"))).isEmpty();
        assertThat(runtimes.noFleet("named shp", "shp"))
                .hasMessage("no fleet named shp is up: the nearest one is shop");
        assertThat(runtimes.noFleet("named banana", "banana")).hasMessage("no fleet named banana is up: there is shop");
        assertThatThrownBy(() -> runtimes.ofVm("wep")).hasMessage("no VM named wep is running: the nearest one is web");
        RuntimeDirectory second = RuntimeDirectory.open(fixture.base.toString());
        ControlServer other = ControlServer.open(second, fixture.runtime);
        assertThatThrownBy(() -> other.publish(new FakeFleet()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("a fleet named shop is running already");
        other.publish("more", FakeVm.create(fixture.system));
        assertThat(fixture.runtimes().living()).hasSize(2);
        assertThat(fixture.runtimes().ofVm("more").pid())
                .isEqualTo(Long.toString(ProcessHandle.current().pid()));
        // What a killed runtime leaves.
        other.close();
        Files.createDirectories(second.path().resolve("fleets"));
        Files.writeString(second.path().resolve("fleets/ghost"), "/etc/ghost.conf");
        assertThat(fixture.runtimes().fleets()).containsExactly("shop");
        second.close();
    }

    @Test
    void aNameGoesOverFromAVmThatHasEnded() {
        FakeVm next = FakeVm.create(fixture.system);
        assertThatThrownBy(() -> fixture.server.publish("web", next)).isInstanceOf(VmetteIoException.class);
        fixture.vm.stopped.complete(Facts.of());
        fixture.server.publish("web", next);
        fixture.server.withdraw("web", fixture.vm);
        assertThat(fixture.server.vm("web")).contains(next);
        assertThat(fixture.peer().vms()).containsExactly("web");
    }
}
