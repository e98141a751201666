package docs.swarm;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.pattern.Patterns;
import akka.stream.FlowShape;
import akka.stream.UniformFanInShape;
import akka.stream.UniformFanOutShape;
import akka.stream.javadsl.Balance;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.GraphDSL;
import akka.stream.javadsl.Merge;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.IntStream;
import vmette.Execution;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;

/**
 * Agents, each in a VM of its own, that share the tasks of one stream. A task goes to an agent's standard input, its answer is what the agent writes; an agent has one at a time.
 * A VM that fails is brought back by its supervisor ({@code vmette.recovery.mode = transient}), which never runs a command again: whether a task may be tried once more
 * is for this program to know, and it is.
 */
public final class Swarm {
    /** After the first attempt; after each further one twice as long, up to 32 times. A VM that has just failed refuses commands until the next incarnation has begun. */
    private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(100);

    /** Something to be done, whose number is its own. */
    public record Task(int number, String text) {}

    /** What came of a task: what the agent wrote, or nothing if every attempt failed. */
    public record Answer(Task task, Optional<String> text, int attempts) {}

    /**
     * What a swarm is.
     *
     * @param vms how many
     * @param startsAtATime how many VMs boot at once
     * @param spec of each, but for its name
     * @param command for {@code /bin/sh -c}; it finds the number of its attempt in {@code ATTEMPT}
     * @param mostAttempts for each task
     */
    public record Plan(int vms, int startsAtATime, VmSpec spec, String command, int mostAttempts) {}

    private final Vmette vmette;
    private final ActorSystem<?> system;
    private final Plan plan;
    private final List<Agent> agents;

    private Swarm(Vmette vmette, Plan plan, List<Agent> agents) {
        this.vmette = vmette;
        this.system = vmette.system();
        this.plan = plan;
        this.agents = agents;
    }

    /** Boots the VMs, so many at a time. */
    public static CompletionStage<Swarm> start(Vmette vmette, Plan plan) {
        return Source.fromIterator(() -> IntStream.range(0, plan.vms()).iterator())
                .mapAsyncUnordered(plan.startsAtATime(), number -> launch(vmette, plan, "agent-" + number))
                .runWith(Sink.seq(), vmette.system())
                .thenApply(agents -> new Swarm(vmette, plan, agents));
    }

    private static CompletionStage<Agent> launch(Vmette vmette, Plan plan, String name) {
        VmSpec spec = plan.spec().toBuilder().name(name).build();
        return vmette.launch(spec).thenApply(vm -> new Agent(name, vm));
    }

    /** Its VM, or the one that took its place. */
    private static final class Agent {
        private final String name;
        private volatile VmHandle vm;

        Agent(String name, VmHandle vm) {
            this.name = name;
            this.vm = vm;
        }
    }

    /** Hands each task to an agent that has none. Without demand for answers nothing is begun; their order is that in which they come. */
    public Flow<Task, Answer, NotUsed> answers() {
        return Flow.fromGraph(GraphDSL.create(graph -> {
            UniformFanOutShape<Task, Task> tasks = graph.add(Balance.create(agents.size()));
            UniformFanInShape<Answer, Answer> answers = graph.add(Merge.create(agents.size()));
            for (Agent agent : agents) {
                Flow<Task, Answer, NotUsed> one = Flow.<Task>create().mapAsync(1, task -> attempt(agent, task, 1));
                graph.from(tasks).via(graph.add(one)).toFanIn(answers);
            }
            return FlowShape.of(tasks.in(), answers.out());
        }));
    }

    private CompletionStage<Answer> attempt(Agent agent, Task task, int attempt) {
        return ask(agent.vm, task, attempt)
                .thenApply(text -> CompletableFuture.completedStage(new Answer(task, Optional.of(text), attempt)))
                .exceptionally(failure -> again(agent, task, attempt, failure).toCompletableFuture())
                .thenCompose(Function.identity());
    }

    /** What is lost with a VM may be tried again; what an agent did wrong by itself, too; anything else is our own mistake. */
    private CompletionStage<Answer> again(Agent agent, Task task, int attempt, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (!(cause instanceof VmLostException || cause instanceof VsockException || cause instanceof Refused)) {
            return CompletableFuture.failedStage(cause);
        }
        if (attempt == plan.mostAttempts()) {
            return CompletableFuture.completedStage(new Answer(task, Optional.empty(), attempt));
        }
        Duration pause = BETWEEN_ATTEMPTS.multipliedBy(1L << Math.min(attempt - 1, 5));
        return Patterns.after(pause, system, () -> alive(agent))
                .thenCompose(alive -> attempt(alive, task, attempt + 1));
    }

    /** A VM that its supervisor has given up is replaced. */
    private CompletionStage<Agent> alive(Agent agent) {
        if (!agent.vm.ended().toCompletableFuture().isDone()) {
            return CompletableFuture.completedStage(agent);
        }
        return launch(vmette, plan, agent.name).thenApply(other -> {
            agent.vm = other.vm;
            return agent;
        });
    }

    private CompletionStage<String> ask(VmHandle vm, Task task, int attempt) {
        Execution agent = vm.exec(ExecSpec.shell(plan.command())
                .withEnv("ATTEMPT", Integer.toString(attempt))
                .discardStderr());
        Source.single(ByteString.fromString(task.text() + "\n")).runWith(agent.stdin(), system);
        CompletionStage<String> answer = agent.stdout()
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), system)
                .thenApply(ByteString::utf8String);
        return agent.status().thenCombine(answer, (status, text) -> {
            if (!status.isSuccess()) {
                throw new Refused(task.number() + ": the agent ended with " + status.code());
            }
            return text.strip();
        });
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** Ends every VM. */
    public CompletionStage<Done> stop() {
        return Source.from(agents)
                .mapAsyncUnordered(agents.size(), agent -> agent.vm.stop())
                .runWith(Sink.ignore(), system);
    }
}
