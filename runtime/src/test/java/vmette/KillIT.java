package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import akka.japi.Pair;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.errors.VsockResetException;
import vmette.stream.Vsock;

/** QEMU is killed while bytes are in flight: what was the incarnation's fails and names it, what is the VM's goes on. */
class KillIT {
    private static final int TO_GUEST = 7001;
    private static final int FROM_GUEST = 7100;
    private static final int TCP = 6000;
    private static final long IN_FLIGHT = 2L << 20;

    private Vmette vmette;
    private VmHandle vm;
    private final List<CompletionStage<?>> echoed = new CopyOnWriteArrayList<>();
    private final AtomicLong bound = new AtomicLong();
    private UniqueKillSwitch binding;

    @BeforeEach
    void boot() {
        vmette = Vmette.create(Faults.settings("vmette.recovery { mode = transient, max-restarts = 9 }"));
        vm = await(vmette.launch(
                VmSpec.builder().name("victim").memoryMib(192).publish(0, TCP).build(), this::bind));
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    /** One Source for the whole life of the VM; each connection gets back what it sends. */
    private CompletionStage<Vsock.Binding> bind(VmHandle handle) {
        Pair<CompletionStage<Vsock.Binding>, UniqueKillSwitch> both = handle.vsock()
                .bind(FROM_GUEST, 4, true)
                .viaMat(KillSwitches.single(), Keep.both())
                .to(Sink.foreach(connection -> echoed.add(connection
                        .flow()
                        .watchTermination(Keep.right())
                        .join(Flow.<ByteString>create().map(bytes -> {
                            bound.addAndGet(bytes.size());
                            return bytes;
                        }))
                        .run(vmette.system()))))
                .run(vmette.system());
        binding = both.second();
        return both.first();
    }

    /** What a client has under way in one incarnation: bytes both ways over each kind of connection. */
    private final class Traffic {
        private final AtomicLong back = new AtomicLong();
        private final CompletionStage<?> stream;
        private final Execution dialler;
        private final CompletionStage<?> dialled;
        private final Socket socket;

        Traffic() throws IOException {
            Guests.uploadProbe(vmette, vm);
            Guests.upload(vmette, vm, "tcp-probe");
            listening(ExecSpec.of("/tmp/vsock-probe", "echo", Integer.toString(TO_GUEST)));
            listening(ExecSpec.of("/tmp/tcp-probe", "echo", Integer.toString(TCP)));
            ByteString chunk = ByteString.fromArray(new byte[32 << 10]);
            stream = Source.repeat(chunk)
                    .via(vm.vsock().connect(TO_GUEST))
                    .runWith(Sink.foreach(bytes -> back.addAndGet(bytes.size())), vmette.system());
            long before = bound.get();
            dialler = vm.exec("cat /dev/zero | /tmp/vsock-probe dial " + FROM_GUEST + " > /dev/null");
            dialled = dialler.status();
            socket = new Socket(
                    InetAddress.getLoopbackAddress(), vm.published().get(0).hostPort());
            socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(Guests.DEADLINE_SECONDS));
            exchange("over TCP");
            Faults.until("bytes in flight", () -> back.get() > IN_FLIGHT && bound.get() - before > IN_FLIGHT);
        }

        private void listening(ExecSpec server) {
            ByteString word = await(vm.exec(server).stdout().runWith(Sink.head(), vmette.system()));
            assertThat(word.utf8String()).isEqualTo("listening\n");
        }

        private void exchange(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(text.length()))
                    .asString()
                    .isEqualTo(text);
        }

        /** All of it has ended, in whatever way: a guest that powers off ends its programs, and these their connections. */
        void assertOver() throws IOException {
            for (CompletionStage<?> each : List.of(stream, echoed.get(echoed.size() - 1), dialled)) {
                await(each.handle((value, failure) -> "over"));
            }
            socket.close();
        }

        /** All of it has failed, and says whose it was. */
        void assertLost(long incarnation) throws IOException {
            String whose = "(incarnation " + incarnation + " of VM victim)";
            assertThatThrownBy(() -> await(stream))
                    .isInstanceOf(VsockResetException.class)
                    .hasMessageContaining(whose);
            CompletionStage<?> echo = echoed.get(echoed.size() - 1);
            assertThatThrownBy(() -> await(echo))
                    .isInstanceOf(VsockResetException.class)
                    .hasMessageContaining(whose);
            assertThatThrownBy(() -> await(dialled)).isInstanceOf(VmLostException.class);
            try (socket) {
                assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
            }
        }
    }

    @Test
    void aClientOfAKilledEmulatorLosesItsStreamsAndNothingElse() throws Exception {
        List<Integer> ports = new ArrayList<>();
        for (long incarnation = 1; incarnation <= 2; incarnation++) {
            Traffic traffic = new Traffic();
            assertThat(vm.incarnation()).isEqualTo(incarnation);
            ports.add(vm.published().get(0).hostPort());
            Faults.signal(Faults.emulator(vm), "KILL");
            traffic.assertLost(incarnation);
            Faults.awaitIncarnationAfter(incarnation, vm);
        }
        // The third is as good as the first: new streams, the same bound Source, the same port of the host's.
        new Traffic().socket.close();
        assertThat(ports).containsOnly(vm.published().get(0).hostPort());
        assertThat(Guests.out(vmette, vm, "echo once more | /tmp/vsock-probe dial " + FROM_GUEST))
                .isEqualTo("once more\n");
        assertThat(echoed).hasSize(4);
        binding.shutdown();
        assertThat(await(vm.stop()).failure()).isEmpty();
    }

    /** An ordered restart is no failure: the guest is asked to power off, and whoever asked is told of the next one. */
    @Test
    void aRestartEndsTheStreamsTooAndIsToldWhenItIsThere() throws Exception {
        Traffic traffic = new Traffic();
        String first = Guests.out(vmette, vm, "cat /proc/sys/kernel/random/boot_id");
        assertThat(await(vm.restart()).kernel()).isNotEmpty();
        assertThat(vm.incarnation()).isEqualTo(2);
        traffic.assertOver();
        assertThat(Guests.out(vmette, vm, "cat /proc/sys/kernel/random/boot_id"))
                .isNotEqualTo(first)
                .hasSameSizeAs(first);
        new Traffic().socket.close();
        assertThat(await(vm.stop()).failure()).isEmpty();
        assertThatThrownBy(() -> await(vm.restart())).isInstanceOf(VmLostException.class);
    }
}
