package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.StartFailedException;

class SocketDaemonTest {
    @TempDir
    private Path directory;

    private static List<String> shell(String line) {
        return List.of("/bin/sh", "-c", line);
    }

    @RepeatedTest(10)
    void oneThatListensIsThereUntilItIsClosed() throws Exception {
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(directory.toString()))) {
            Path socket = directory.resolve("socket");
            SocketDaemon daemon = SocketDaemon.start(
                            children, "the helper", shell("echo up; : >'" + socket + "'; exec sleep 1000"), socket)
                    .awaitSocket();
            assertThat(daemon.ended().toCompletableFuture()).isNotDone();
            daemon.close();
            assertThat(daemon.ended().toCompletableFuture().get(30, TimeUnit.SECONDS))
                    .isEqualTo("the helper ended with status 137: up");
        }
    }

    @Test
    void oneThatEndsSaysWhy() {
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(directory.toString()))) {
            assertThatThrownBy(() -> SocketDaemon.start(
                                    children,
                                    "the helper",
                                    shell("echo no such thing >&2; exit 3"),
                                    directory.resolve("socket"))
                            .awaitSocket())
                    .isInstanceOf(StartFailedException.class)
                    .hasMessage("the helper ended with status 3: no such thing");
        }
    }

    @Test
    void whatOneLeavesBehindDoesNotHoldUpItsEnd() {
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(directory.toString()))) {
            assertThatThrownBy(() -> SocketDaemon.start(
                                    children,
                                    "the helper",
                                    shell("setpriv --pdeathsig KILL sleep 30 & exit 4"),
                                    directory.resolve("socket"))
                            .awaitSocket())
                    .isInstanceOf(StartFailedException.class)
                    .hasMessageContaining("ended with status 4");
        }
    }

    /** Repeated, since one that is not waited for may be gone in time. */
    @RepeatedTest(10)
    void whenAStartHasFailedItsProcessIsGone() {
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(directory.toString()))) {
            Set<Long> before = childPids();
            SocketDaemon daemon =
                    SocketDaemon.start(children, "the helper", shell("exec sleep 1000"), directory.resolve("socket"));
            Thread.currentThread().interrupt();
            assertThatThrownBy(daemon::awaitSocket)
                    .isInstanceOf(StartFailedException.class)
                    .hasMessageContaining("interrupted while the helper started");
            assertThat(childPids()).as("but for what ends meanwhile").isSubsetOf(before);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private static Set<Long> childPids() {
        return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
    }
}
