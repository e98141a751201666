package docs;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.actors.VmEvent;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** README's program whose guest panics, run as it stands there. */
class SupervisedIT {
    @Test
    void aGuestThatPanicsIsUpAgain() throws IOException {
        // README: begin
        Config config =
                ConfigFactory.parseString("vmette.recovery.mode = permanent").withFallback(ConfigFactory.load());
        try (Vmette vmette = Vmette.create(RuntimeSettings.from(config))) {
            VmSpec spec = VmSpec.builder().name("agent").memoryMib(128).build();
            VmHandle vm = vmette.launch(spec).toCompletableFuture().join();
            CompletionStage<VmEvent> back = vm.events()
                    .filter(event -> event instanceof VmEvent.BecameReady)
                    .runWith(Sink.head(), vmette.system());
            vm.exec("echo c > /proc/sysrq-trigger"); // its kernel panics
            System.out.println(back.toCompletableFuture().join());
            // README: end
            assertThat(((VmEvent.BecameReady) back.toCompletableFuture().join()).incarnation())
                    .isEqualTo(2);
        }
        assertThat(Files.readString(Path.of("../README.md"))).contains("```java\n" + program() + "\n}\n```");
    }

    private static String program() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/test/java/docs/SupervisedIT.java"));
        int begin = lines.indexOf("        // README: begin");
        int end = lines.indexOf("            // README: end");
        return lines.subList(begin + 1, end).stream()
                .map(line -> line.substring(8))
                .collect(Collectors.joining("\n"));
    }
}
