package docs.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vmette.Vmette;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** The same swarm with real VMs, two of whose guests panic in the midst of their work. */
class SwarmIT {
    private static final int AGENTS = 8;
    private static final int STARTS_AT_A_TIME = 2;
    private static final int TASKS = 24;
    private static final long DEADLINE_SECONDS = 280;

    private static final String COMMAND = """
            read -r task
            case $task-$ATTEMPT in
                crash*-1) echo c >/proc/sysrq-trigger; sleep 1000 ;;
                grudging*-1) exit 1 ;;
            esac
            echo "$task" | tr a-z A-Z
            """;

    private static String text(int number) {
        return (number % 12 == 5 ? "crash" : number % 12 == 7 ? "grudging" : "task") + number;
    }

    @Test
    void everyTaskIsAnsweredOnce() throws Exception {
        RuntimeSettings settings = RuntimeSettings.from(
                ConfigFactory.parseString("vmette.recovery.mode = transient, vmette.boot.deadline = 240s")
                        .withFallback(ConfigFactory.load()));
        try (Vmette vmette = Vmette.create(settings)) {
            VmSpec spec = VmSpec.builder().memoryMib(96).build();
            Swarm swarm = get(Swarm.start(vmette, new Swarm.Plan(AGENTS, STARTS_AT_A_TIME, spec, COMMAND, 40)));
            List<Swarm.Answer> answers =
                    get(Source.from(IntStream.range(0, TASKS).boxed().toList())
                            .map(number -> new Swarm.Task(number, text(number)))
                            .via(swarm.answers())
                            .runWith(Sink.seq(), vmette.system()));
            assertThat(answers.stream().map(answer -> answer.task().number()))
                    .hasSize(TASKS)
                    .doesNotHaveDuplicates();
            assertThat(answers).allSatisfy(answer -> assertThat(answer.text())
                    .contains(text(answer.task().number()).toUpperCase(Locale.ROOT)));
            assertThat(answers.stream()
                            .filter(answer -> answer.attempts() > 1)
                            .map(answer -> answer.task().number())
                            .collect(Collectors.toSet()))
                    .containsExactlyInAnyOrder(5, 7, 17, 19);
            get(swarm.stop());
        }
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }
}
