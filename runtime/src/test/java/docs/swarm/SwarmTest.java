package docs.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.testkit.Script.reading;
import static vmette.testkit.Script.script;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.testkit.GuestCommand;
import vmette.testkit.Script;
import vmette.testkit.TestVm;
import vmette.testkit.VmetteTestKit;

/** The swarm with agents that follow scripts, many of which come to grief. */
class SwarmTest {
    private static final int AGENTS = 200;
    private static final int TASKS = 600;

    private final VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = transient");
    private final AtomicInteger begun = new AtomicInteger();
    private Swarm swarm;

    @BeforeEach
    void start() {
        kit.onExec("agent", this::agent);
        swarm = kit.await(Swarm.start(
                kit.vmette(), new Swarm.Plan(AGENTS, 20, VmSpec.builder().build(), "agent", 4)));
    }

    @AfterEach
    void close() {
        kit.close();
    }

    /** What befalls an agent is its task's doing, so that every run is the same. */
    private Script agent(GuestCommand command) {
        begun.incrementAndGet();
        int attempt = Integer.parseInt(command.env().get("ATTEMPT"));
        return reading(input -> {
            int task = Integer.parseInt(input.utf8String().strip());
            Script work = script().thenPause(Duration.ofMillis(50 + task % 97));
            if (task == 500) {
                return work.then(TestVm::crash);
            } else if (attempt == 1 && task % 7 == 0) {
                return work.then(TestVm::crash);
            } else if (attempt <= 2 && task % 31 == 0) {
                return work.then(vm -> vm.panic("sysrq triggered crash"));
            } else if (attempt == 1 && task % 101 == 0) {
                return work.then(vm -> vm.hang(TestVm.Silence.BUSY)).thenForever();
            } else if (attempt == 1 && task % 11 == 0) {
                return work.thenPrint("half an ans").thenExit(1);
            }
            return work.thenPrint("answer " + task * task);
        });
    }

    private static Source<Swarm.Task, ?> tasks() {
        return Source.from(IntStream.range(0, TASKS).boxed().toList())
                .map(number -> new Swarm.Task(number, Integer.toString(number)));
    }

    @Test
    void everyTaskIsAnsweredOnceWhateverBefallsTheAgents() {
        CompletionStage<List<Swarm.Answer>> all = tasks().via(swarm.answers()).runWith(Sink.seq(), kit.system());
        List<Swarm.Answer> answers = kit.await(all);
        Set<Integer> numbers = new HashSet<>();
        for (Swarm.Answer answer : answers) {
            int number = answer.task().number();
            assertThat(numbers.add(number)).as("task %d answered once", number).isTrue();
            if (number == 500) {
                assertThat(answer.text())
                        .as("a task that no agent lives through")
                        .isEmpty();
                assertThat(answer.attempts()).isEqualTo(4);
            } else {
                assertThat(answer.text()).contains("answer " + number * number);
            }
        }
        assertThat(numbers).hasSize(TASKS);
        assertThat(answers.stream().filter(answer -> answer.attempts() > 1).count())
                .isGreaterThan(TASKS / 7);
        Set<String> causes = IntStream.range(0, AGENTS)
                .mapToObj(number -> kit.vm("agent-" + number))
                .flatMap(vm -> vm.failures().stream())
                .map(failure -> failure.word())
                .collect(Collectors.toSet());
        assertThat(causes).contains("VmmExit(9)", "GuestPanic", "Hung");
    }

    @Test
    void withoutDemandForAnswersNoMoreTasksAreBegunThanThereAreAgents() {
        CompletableFuture<Void> gate = new CompletableFuture<>();
        CompletionStage<Integer> counted = tasks().via(swarm.answers())
                .mapAsync(1, answer -> gate.thenApply(open -> answer))
                .runWith(Sink.fold(0, (count, answer) -> count + 1), kit.system());
        kit.advance(Duration.ofMinutes(5));
        // One in each agent's place, one before it, and what the sink has taken.
        long tried = begun.get();
        assertThat(tried).isBetween((long) AGENTS, 3L * AGENTS);
        kit.advance(Duration.ofMinutes(5));
        assertThat(begun.get()).isEqualTo((int) tried);
        gate.complete(null);
        assertThat(kit.await(counted)).isEqualTo(TASKS);
    }

    @Test
    void theSwarmEndsWithItsVms() {
        kit.await(swarm.stop());
        assertThat(IntStream.range(0, AGENTS).mapToObj(number -> kit.vm("agent-" + number)))
                .noneMatch(TestVm::isRunning);
    }
}
