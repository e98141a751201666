package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.actors.CommandTicket;
import vmette.actors.RunningTickets;
import vmette.actors.VmVsock;
import vmette.config.ExecSpec;
import vmette.stream.Vsock;

/** Commands that live no longer than their clients. */
class CancelWithTest {
    private final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "probe");
    private final CompletableFuture<Void> terminated = new CompletableFuture<>();
    private CommandTicket ticket;
    private Execution command;

    @BeforeEach
    void start() {
        ticket = RunningTickets.terminable(1, ExecSpec.shell("sleep 1000"), system, () -> terminated.complete(null));
        command = execution(ticket);
    }

    @AfterEach
    void stopSystem() {
        system.terminate();
    }

    private Execution execution(CommandTicket of) {
        Vsock vsock = new Vsock(new VmVsock("probe"), 1, Duration.ofSeconds(1));
        return new Execution(of, vsock, CompletableFuture.completedStage(system));
    }

    private ActorRef<String> client() {
        return system.systemActorOf(
                Behaviors.receiveMessage(message -> {
                    if (message.equals("fail")) {
                        throw new IllegalStateException("a test's");
                    }
                    return Behaviors.stopped();
                }),
                "client",
                Props.empty());
    }

    private void assertTerminated() throws Exception {
        terminated.get(30, TimeUnit.SECONDS);
    }

    @Test
    void theEndOfAnActorEndsItsCommand() throws Exception {
        ActorRef<String> client = client();
        assertThat(command.cancelWith(client)).isSameAs(command);
        assertThat(terminated).isNotDone();
        client.tell("stop");
        assertTerminated();
    }

    @Test
    void soDoesItsFailure() throws Exception {
        ActorRef<String> client = client();
        command.cancelWith(client);
        client.tell("fail");
        assertTerminated();
    }

    @Test
    void oneThatHasEndedAlreadyEndsItAtOnce() throws Exception {
        ActorRef<String> client = client();
        client.tell("stop");
        Faults.until(
                "the client's end", () -> !RunningTickets.systemActors(system).contains("client"));
        command.cancelWith(client);
        assertTerminated();
    }

    @Test
    void soDoesTheEndOfAStageHoweverItEnds() throws Exception {
        CompletableFuture<Done> end = new CompletableFuture<>();
        assertThat(command.cancelWith(end)).isSameAs(command);
        assertThat(terminated).isNotDone();
        end.completeExceptionally(new IllegalStateException("a test's"));
        assertTerminated();
    }

    @Test
    void aSystemThatHasTerminatedIsNoClient() throws Exception {
        ActorRef<String> client = client();
        ActorSystem<Void> other = ActorSystem.create(Behaviors.empty(), "other");
        other.terminate();
        other.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
        CompletableFuture<ActorSystem<?>> gone = CompletableFuture.completedFuture(other);
        new Execution(ticket, new Vsock(new VmVsock("probe"), 1, Duration.ofSeconds(1)), gone).cancelWith(client);
        assertTerminated();
    }

    /** One that the agent has not been told of yet is marked: it is never started. */
    @Test
    void aCommandThatWaitsIsNeverStarted() {
        CommandTicket waiting = CommandTicket.create(2, ExecSpec.shell("true"));
        execution(waiting).cancelWith(CompletableFuture.completedStage(Done.getInstance()));
        assertThat(RunningTickets.isTerminated(waiting)).isTrue();
    }

    /** Whoever has many commands run one after the other is not watched by all of them. */
    @Test
    void aCommandThatHasEndedWatchesNobody() throws Exception {
        ActorRef<String> client = client();
        command.cancelWith(client);
        RunningTickets.end(ticket);
        Faults.until("the watch's end", () -> RunningTickets.systemActors(system).stream()
                .noneMatch(name -> name.startsWith("vmette-client-watch")));
        client.tell("stop");
        Faults.until(
                "the client's end", () -> !RunningTickets.systemActors(system).contains("client"));
        assertThat(terminated).isNotDone();
    }

    @Test
    void aSystemThatDoesNotStartIsNoClientEither() throws Exception {
        ActorRef<String> client = client();
        CompletableFuture<ActorSystem<?>> never = new CompletableFuture<>();
        new Execution(ticket, new Vsock(new VmVsock("probe"), 1, Duration.ofSeconds(1)), never).cancelWith(client);
        assertThat(terminated).isNotDone();
        never.completeExceptionally(new IllegalStateException("no threads"));
        assertTerminated();
    }

    /** However it ended: there is nobody to be told, and nothing to watch. */
    @Test
    void aCommandThatFailedWatchesNobody() throws Exception {
        ActorRef<String> client = client();
        command.cancelWith(client);
        Faults.until("the watch", () -> watches() == 1);
        RunningTickets.fail(ticket);
        Faults.until("the watch's end", () -> watches() == 0);
        client.tell("stop");
        Faults.until(
                "the client's end", () -> !RunningTickets.systemActors(system).contains("client"));
        assertThat(terminated).isNotDone();
    }

    /** Nor is there a watch left when the client is gone. */
    @Test
    void aClientThatIsGoneIsNotWatched() throws Exception {
        ActorRef<String> client = client();
        command.cancelWith(client);
        client.tell("stop");
        assertTerminated();
        Faults.until("the watch's end", () -> watches() == 0);
    }

    private long watches() {
        return RunningTickets.systemActors(system).stream()
                .filter(name -> name.startsWith("vmette-client-watch"))
                .count();
    }
}
