package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import vmette.ExitStatus;
import vmette.errors.StartFailedException;

class ReportTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final CommandLine RUN = new CommandLine(new RunCommand());

    @Property
    void anyTextIsOneLineOfJsonThatMeansIt(@ForAll String text) throws IOException {
        String line = Report.notice(text);
        assertThat(line.chars()).allMatch(c -> c >= ' ' && c <= 127);
        JsonNode event = JSON.readTree(line);
        assertThat(event.path("event").asText()).isEqualTo("notice");
        // What is half a surrogate pair has no meaning to keep.
        if (text.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff)) {
            assertThat(event.path("message").asText()).isEqualTo(text);
        }
    }

    @Example
    void anEndSaysWhatEndedIt() {
        assertThat(Report.exited(new ExitStatus(ExitStatus.Kind.EXITED, 3)))
                .isEqualTo("{\"event\":\"exited\",\"reason\":\"exited\",\"exitCode\":3,\"oomKilled\":false}");
        assertThat(Report.exited(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9, true)))
                .isEqualTo(
                        "{\"event\":\"exited\",\"reason\":\"signalled\",\"exitCode\":137,\"signal\":9,\"oomKilled\":true}");
        assertThat(Report.exited(new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0)))
                .isEqualTo("{\"event\":\"exited\",\"reason\":\"timed-out\",\"exitCode\":124,\"oomKilled\":false}");
    }

    @Example
    void aFailureHasItsStatusAndABugHasNone() {
        assertThat(Failures.report(new StartFailedException("no \"kernel\""), RUN.getCommandSpec()))
                .isEqualTo("{\"event\":\"failed\",\"status\":\"START_FAILED\",\"statusCode\":2,"
                        + "\"message\":\"no \\\"kernel\\\"\",\"exitCode\":1}");
        assertThat(Failures.report(new ParameterException(RUN, "what?"), RUN.getCommandSpec()))
                .isEqualTo("{\"event\":\"failed\",\"status\":\"INVALID_CONFIG\",\"statusCode\":1,"
                        + "\"message\":\"what?\",\"exitCode\":2}");
        assertThat(Failures.report(new IllegalStateException("broken"), RUN.getCommandSpec()))
                .isEqualTo("{\"event\":\"failed\",\"status\":null,\"statusCode\":null,"
                        + "\"message\":\"java.lang.IllegalStateException: broken\",\"exitCode\":1}");
    }

    @Example
    void membersKeepTheirOrderAndKinds() {
        assertThat(Json.line(Json.object(
                        "z", 1, "a", List.of(true, 2.5, 1L << 40, Map.of("x", "y")), "m", Optional.empty())))
                .isEqualTo("{\"z\":1,\"a\":[true,2.5,1099511627776,{\"x\":\"y\"}],\"m\":null}");
    }
}
