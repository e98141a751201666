package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.vmm.Vmm;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmContract;

/** What every monitor owes, by one that runs its VM through a library. */
abstract class LibVmetteVmmContract extends VmmContract {
    @TempDir
    private Path base;

    private ChildProcesses children;

    protected abstract LibraryUnderTest library();

    @BeforeEach
    final void open() {
        children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
    }

    @AfterEach
    final void close() {
        children.close();
        assertThat(children.directory().path()).doesNotExist();
    }

    private Vmm of(Path file) {
        return library()
                .hypervisor(file, children)
                .create(
                        "test",
                        library().spec().exec("exec sleep 1000").build(),
                        children.directory().createVmDirectory("vm"),
                        OutputStream.nullOutputStream());
    }

    @Override
    protected Vmm create() {
        return of(library().library());
    }

    @Override
    protected Vmm createSaveable() {
        return create();
    }

    @Override
    protected Vmm createUnstartable() throws Exception {
        return of(Files.writeString(base.resolve("libnone.so"), "no library"));
    }

    @Override
    protected void crash(Vmm vmm) {
        ProcessHandle.of(vmm.pid().orElseThrow()).orElseThrow().destroyForcibly();
    }

    @Test
    void claimsNothingThatTheAbiDoesNotTell() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        VmmCapabilities can = vmm.capabilities();
        assertThat(can.accelerator()).isEqualTo("unknown");
        assertThat(can.hardwareIsolation() || can.snapshots() || can.pauses() || can.vsock())
                .isFalse();
        assertThat(can.version()).isNotEmpty();
        assertThat(can.description()).contains(can.version());
    }
}
