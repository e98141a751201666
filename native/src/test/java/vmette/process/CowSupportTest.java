package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.Errno;
import vmette.linux.LinuxException;
import vmette.linux.ProcessMemory;

class CowSupportTest {
    @TempDir
    private Path temporary;

    @Test
    void aRealChildSaysWhatIsTrue() throws Exception {
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()))) {
            CowSupport support = CowSupport.probe(children);
            assertThat(support.isAvailable()).as(support.toString()).isEqualTo(mayOpenAChild());
            assertThat(ProcessHandle.current()
                            .children()
                            .filter(child -> child.info().command().orElse("").endsWith("/sleep")))
                    .as("gone when it returns")
                    .isEmpty();
        }
    }

    private static boolean mayOpenAChild() throws Exception {
        Process child = new ProcessBuilder("/bin/cat").start();
        try (ProcessMemory memory = ProcessMemory.open(child.pid())) {
            return memory.pid() == child.pid();
        } catch (LinuxException refused) {
            return false;
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    @Test
    void aChildThatEndsIsReported() throws Exception {
        Process child = new ProcessBuilder("/bin/sh", "-c", "exit 3").start();
        child.waitFor();
        assertThat(CowSupport.tryOn(child).refusal())
                .hasValueSatisfying(why -> assertThat(why).contains("ended with status 3"));
    }

    @Test
    void aClosedRuntimeHasNoneAndSaysSo() {
        ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()));
        children.close();
        assertThat(CowSupport.probe(children).refusal())
                .hasValueSatisfying(why -> assertThat(why).contains("the runtime is shutting down"));
    }

    @Test
    void refusalsSayWhatToDo() {
        LinuxException denied = new LinuxException("open /proc/12/mem", Errno.EACCES);
        assertThat(CowSupport.why(denied, Optional.of("2")))
                .contains("/proc/12/mem", "ptrace_scope is 2", "set it to 1");
        assertThat(CowSupport.why(denied, Optional.of("3"))).contains("a reboot");
        assertThat(CowSupport.why(denied, Optional.of("1")))
                .contains("SYS_PTRACE")
                .doesNotContain("ptrace_scope");
        assertThat(CowSupport.why(new LinuxException("open /proc/12/mem", Errno.EPERM), Optional.empty()))
                .contains("SYS_PTRACE", "same user");
        assertThat(CowSupport.why(new LinuxException("open /proc/12/mem", Errno.ENOENT), Optional.of("3")))
                .isEqualTo("open /proc/12/mem: no such file or directory (ENOENT)");
    }

    @Test
    void aRealRefusalIsExplained() {
        assertThatThrownBy(() -> ProcessMemory.open(1 << 22))
                .isInstanceOfSatisfying(LinuxException.class, e -> assertThat(CowSupport.why(e))
                        .contains("/proc/4194304/mem", "ENOENT"));
    }
}
