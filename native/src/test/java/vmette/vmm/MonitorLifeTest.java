package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;

/** What {@link VmmContract} does not see. */
class MonitorLifeTest {
    private static final VmmExit OVER = new VmmExit(VmmExit.Reason.GUEST_POWEROFF, 0, "it is over");

    private final MonitorLife life = new MonitorLife("test");
    private final List<Process> spawned = new ArrayList<>();

    @AfterEach
    void endAll() throws Exception {
        for (Process process : spawned) {
            process.destroyForcibly().waitFor();
        }
    }

    private Process spawn(String script) throws Exception {
        Process process = new ProcessBuilder("/bin/sh", "-c", script).start();
        spawned.add(process);
        return process;
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Test
    void aKillTakesNoLastWordsAway() throws Exception {
        Process process = spawn("echo word; echo written >&2; exec sleep 1000");
        assertThat(process.errorReader().readLine()).isEqualTo("written");
        life.spawned(process);
        assertThat(life.pid()).hasValue(process.pid());
        life.kill();
        assertThat(await(process.onExit()).exitValue()).isEqualTo(137);
        await(OutputPump.start("test", process.getInputStream(), life.console()).drained());
        assertThat(life.console().lines()).containsExactly("word");
        assertThat(life.pid()).isEmpty();
    }

    @Test
    void whatIsKilledBeforeItIsThereDoesNotStay() throws Exception {
        life.kill();
        Process process = spawn("exec sleep 1000");
        life.spawned(process);
        assertThat(await(process.onExit()).exitValue()).isEqualTo(137);
    }

    @Test
    void aQuitBeforeTheStartIsTheEnd() throws Exception {
        assertThat(life.isToldToQuit()).isFalse();
        life.quit(() -> life.notStarted(new StartFailedException("not now")), () -> fail("there is nothing to end"));
        life.quit(() -> fail("a second time"), () -> fail("a second time"));
        assertThat(life.isToldToQuit()).isTrue();
        assertThat(await(life.whenExited())).isEqualTo(new VmmExit(VmmExit.Reason.REQUESTED, -1, "not now"));
        CompletionStage<Void> start = life.start(() -> fail("it is over"));
        assertThatThrownBy(() -> await(start)).hasRootCauseMessage("not now");
    }

    @Test
    void aQuitEndsWhatWasStarted() {
        List<String> done = new ArrayList<>();
        life.start(() -> done.add("begun"));
        life.quit(() -> fail("it was started"), () -> done.add("ended"));
        assertThat(done).containsExactly("begun", "ended");
    }

    @Test
    void whatNobodyAskedForIsNoQuit() throws Exception {
        life.start(() -> life.notStarted(new StartFailedException("no such program")));
        assertThat(await(life.whenExited())).isEqualTo(new VmmExit(VmmExit.Reason.NOT_STARTED, -1, "no such program"));
    }

    @Test
    void askedIsOnlyWhatRuns() {
        life.start(() -> {});
        assertThat(life.refusal("pause")).get().isInstanceOf(IllegalStateException.class);
        life.runs();
        assertThat(life.hasRun()).isTrue();
        assertThat(life.refusal("pause")).isEmpty();
        life.startFailed(new StartFailedException("too late to fail"));
        assertThat(life.refusal("pause")).isEmpty();
        life.exited(OVER);
        life.exited(new VmmExit(VmmExit.Reason.CRASHED, 1, "a second end"));
        assertThat(life.refusal("pause"))
                .get()
                .isInstanceOf(VmLostException.class)
                .extracting(Throwable::getMessage)
                .isEqualTo("VM test is gone (it is over): pause is not possible");
    }

    @Test
    void whatFailedToStartIsNotAsked() {
        life.start(() -> life.startFailed(new StartFailedException("no")));
        assertThat(life.hasRun()).isFalse();
        assertThat(life.refusal("pause")).get().isInstanceOf(IllegalStateException.class);
    }
}
