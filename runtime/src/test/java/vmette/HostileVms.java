package vmette;

import static vmette.Guests.await;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import vmette.actors.VmEnd;
import vmette.config.VmSpec;
import vmette.machine.OtherInits;
import vmette.qemu.Accelerator;
import vmette.qemu.KernelCommandLine;
import vmette.stream.Vsock;

/** VMs whose first and only program is the hostile driver. */
final class HostileVms {
    /** Nobody takes what is asked for there. */
    static final int SILENT_PORT = 7001;

    /** Whoever is accepted there is never read from. */
    static final int SINK_PORT = 7002;

    /** Sends everything back. */
    static final int ECHO_PORT = 7003;

    private final Vmette vmette;
    private final Path initramfs;

    HostileVms(Vmette vmette, Path directory) {
        this.vmette = vmette;
        this.initramfs = directory.resolve("hostile.cpio");
        try (OutputStream file = Files.newOutputStream(initramfs);
                CpioArchiveOutputStream archive = new CpioArchiveOutputStream(file)) {
            byte[] program = program();
            CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, "hostile-driver", program.length);
            entry.setMode(CpioConstants.C_ISREG | 0755);
            archive.putArchiveEntry(entry);
            archive.write(program);
            archive.closeArchiveEntry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The driver, a static program. */
    static byte[] program() {
        try (InputStream in = HostileVms.class.getResourceAsStream("/hostile-driver")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Boots a VM that attacks; says how it ended, which it always does before it is ready. */
    CompletionStage<VmEnd> attack(String name) {
        VmSpec spec = VmSpec.builder()
                .memoryMib(128)
                .initramfs(initramfs)
                .cmdline(KernelCommandLine.defaults(Accelerator.TCG) + " HOSTILE=" + name)
                .env(OtherInits.PID1, "/hostile-driver")
                .build();
        CompletableFuture<VmEnd> end = new CompletableFuture<>();
        vmette.launch(spec, vm -> {
                    vm.ended().thenAccept(end::complete);
                    return bind(vm);
                })
                .whenComplete((vm, failure) -> {
                    if (failure == null) {
                        end.completeExceptionally(new AssertionError("a hostile guest became ready"));
                    }
                });
        return end;
    }

    private CompletionStage<?> bind(VmHandle vm) {
        vm.vsock()
                .bind(SILENT_PORT, 16, true)
                .to(Sink.fromSubscriber(new Deaf<>()))
                .run(vmette.system());
        accept(vm, SINK_PORT, connection -> Source.<ByteString>maybe()
                .via(connection.flow())
                .runWith(Sink.fromSubscriber(new Deaf<>()), vmette.system()));
        return accept(
                vm,
                ECHO_PORT,
                connection -> connection.flow().join(Flow.create()).run(vmette.system()));
    }

    private CompletionStage<?> accept(
            VmHandle vm, int port, akka.japi.function.Procedure<Vsock.IncomingConnection> handler) {
        return vm.vsock().bind(port).to(Sink.foreach(handler)).run(vmette.system());
    }

    /** Waits for the end. */
    VmEnd attacked(String name) {
        return await(attack(name));
    }

    /** Never asks for anything. */
    private static final class Deaf<T> implements Subscriber<T> {
        @Override
        public void onSubscribe(Subscription subscription) {}

        @Override
        public void onNext(T element) {
            throw new AssertionError("nothing was asked for");
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}
    }
}
