package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogLevelsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run --exec true | | ",
                "run --exec true --verbose | | info",
                "run -v --exec true | | info",
                "run -tv --exec true | | info",
                "run --exec=-v | | ",
                "run --exec true | VMETTE_VERBOSE=true | info",
                "run --exec true | VMETTE_VERBOSE=false | ",
                "run --exec true --debug | | debug",
                "run -v --debug | | debug",
                "run --exec true | VMETTE_DEBUG=True | debug",
                "run --quiet --exec true | | error",
                "run --exec true | VMETTE_QUIET=true | error",
                "run --exec true -v | VMETTE_QUIET=true | info",
                "run --exec true --quiet | VMETTE_VERBOSE=true | error",
            })
    void theFlagsSayHowMuchIsLogged(String arguments, String variable, String level) {
        Map<String, String> environment =
                variable == null ? Map.of() : Map.of(variable.split("=", 2)[0], variable.split("=", 2)[1]);
        assertThat(LogLevels.levels(List.of(arguments.split(" ", -1)), environment)
                        .get("log.vmette"))
                .isEqualTo(level);
    }

    @Test
    void aFleetsFailuresAreToldOnce() {
        String supervisor = "log.vmette.actors.VmSupervisor";
        List<String> up = List.of("up", "fleet.conf");
        assertThat(LogLevels.levels(up, Map.of())).containsOnly(Map.entry(supervisor, "error"));
        assertThat(LogLevels.levels(up, Map.of("VMETTE_LOG", "debug"))).isEmpty();
        assertThat(LogLevels.levels(List.of("up", "fleet.conf", "--debug"), Map.of()))
                .doesNotContainKey(supervisor);
        assertThat(LogLevels.levels(List.of("run", "--exec", "up"), Map.of())).isEmpty();
    }
}
