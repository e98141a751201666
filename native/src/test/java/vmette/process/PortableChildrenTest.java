package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.errors.StartFailedException;

class PortableChildrenTest {
    private static final Redirect NO_INPUT = Redirect.from(new File("/dev/null"));
    private static final ChildPurpose PURPOSE = new ChildPurpose("a test's", "", Optional.empty());

    private final PortableChildren children = PortableChildren.open();

    @AfterEach
    void close() {
        children.close();
    }

    private Process spawn(String... command) throws Exception {
        return children.spawn(PURPOSE, List.of(command), NO_INPUT)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    @Test
    void bothOutputsAreOneAndTheEnvironmentIsReduced() throws Exception {
        Process child = spawn("/bin/sh", "-c", "pwd; env | grep VMETTE; echo wrong >&2; exit 3");
        assertThat(new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("/\nwrong\n");
        assertThat(child.waitFor()).isEqualTo(3);
    }

    @Test
    void closeKillsReapsAndRefuses() throws Exception {
        Process stubborn = spawn("/bin/sh", "-c", "trap '' TERM INT HUP; echo up; while :; do :; done");
        assertThat(stubborn.getInputStream().read()).isEqualTo('u');
        children.close();
        children.close();
        assertThat(stubborn.isAlive()).isFalse();
        assertThatThrownBy(() -> spawn("/bin/true"))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(StartFailedException.class);
    }

    @Test
    void whatIsNoProgramIsAFailedStart() {
        assertThatThrownBy(() -> spawn("/nonexistent/program"))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("/nonexistent/program");
    }
}
