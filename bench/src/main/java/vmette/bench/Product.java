package vmette.bench;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import vmette.Execution;
import vmette.ExitStatus;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.actors.VmReady;
import vmette.config.RuntimeSettings;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;

/** The runtime being measured, with the little that all benchmarks do with it. Blocking; use from one thread or several. */
final class Product implements AutoCloseable {
    private final Vmette runtime;

    private Product(Vmette runtime) {
        this.runtime = runtime;
    }

    static Product start(RuntimeSettings settings) {
        return new Product(Vmette.create(settings, line -> System.err.println("bench: " + line)));
    }

    Vmette runtime() {
        return runtime;
    }

    /** A VM of the default specification, ready. */
    VmHandle launch() {
        return Await.on(runtime.launch(runtime.settings().vm()));
    }

    /** Runs a command to its end and returns what it wrote. */
    String output(VmHandle vm, String command) {
        Execution execution = vm.exec(command);
        CompletionStage<ByteString> written = execution
                .stdout()
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), runtime.system());
        requireSuccess(command, Await.on(execution.status()));
        return Await.on(written).utf8String();
    }

    static void requireSuccess(String command, ExitStatus status) {
        if (!status.isSuccess()) {
            throw new VmLostException("the guest's command \"" + command + "\" ended with " + status.code()
                    + ": there is nothing to measure");
        }
    }

    static void stop(VmHandle vm) {
        Await.on(vm.stop());
    }

    /**
     * What one VM was started as.
     *
     * @param commandLine QEMU's arguments, the program first
     * @param ready what its agent said
     */
    record Probe(List<String> commandLine, VmReady ready) {}

    /** Boots a VM, looks at its process, and stops it. */
    Probe probe() {
        return probe(() -> runtime.launch(runtime.settings().vm()));
    }

    /** The same for a VM that comes up otherwise. */
    Probe probe(Supplier<? extends CompletionStage<VmHandle>> begin) {
        VmHandle vm = Await.on(begin.get());
        try {
            return new Probe(commandLine(vm.name()), Await.on(vm.ready()));
        } finally {
            stop(vm);
        }
    }

    /** The command line of a VM's QEMU. */
    static List<String> commandLine(String name) {
        return arguments(monitor(name));
    }

    /** The process of a VM's QEMU. */
    static long monitor(String name) {
        return ProcessHandle.current()
                .descendants()
                .map(ProcessHandle::pid)
                .filter(child -> arguments(child).contains("guest=" + name))
                .findFirst()
                .orElseThrow(() -> new StartFailedException(
                        "no child process of this one is the QEMU of VM " + name + ": is /proc mounted with hidepid?"));
    }

    private static List<String> arguments(long pid) {
        try {
            String text = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.UTF_8);
            return List.of(text.split("\0", 0));
        } catch (java.nio.file.NoSuchFileException gone) {
            return List.of();
        } catch (IOException e) {
            throw new VmetteIoException("cannot read the command line of process " + pid + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        runtime.close();
    }
}
