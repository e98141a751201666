package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.stream.Vsock;

/**
 * Many connections of one VM, at once and one after the other. {@code -Dvmette.full=true}: 1,000 and 10,000; else fewer.
 */
class ManyConnectionsIT {
    private static final boolean FULL = Boolean.getBoolean("vmette.full");
    private static final int AT_ONCE = FULL ? 1_000 : 200;
    private static final int IN_SEQUENCE = FULL ? 10_000 : 1_000;
    private static final int EACH = 1 << 20;
    private static final int PORT = 9200;
    private static final long LEAST_GROWTH_THAT_IS_A_LEAK = 8L << 20;

    private Vmette vmette;
    private VmHandle vm;

    /** @param bufAlloc of each connection, out of a VM's budget of 64 MiB */
    private void boot(String bufAlloc, int maxConnections) {
        vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.parseMap(Map.of(
                        "vmette.vsock.buf-alloc", bufAlloc,
                        "vmette.vsock.connect-timeout", "60s",
                        "vmette.vsock.max-connections", maxConnections))
                .withFallback(ConfigFactory.load())));
        vm = await(vmette.launch(VmSpec.builder().memoryMib(512).build()));
        Guests.upload(vmette, vm, "vsock-load");
        Execution server = vm.exec(ExecSpec.of("/tmp/vsock-load", "echoes", Integer.toString(PORT)));
        ByteString word = await(server.stdout().runWith(Sink.head(), vmette.system()));
        assertThat(word.utf8String()).isEqualTo("listening\n");
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    @Test
    void allOpenAtOnceEachCarriesAMebibyteBothWays() {
        boot("60KiB", 1024);
        CompletableFuture<ByteString> start = new CompletableFuture<>();
        List<CompletionStage<Vsock.OutgoingConnection>> opened = new ArrayList<>();
        List<CompletionStage<String>> digests = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            var both = Source.completionStage(start)
                    .concat(Guests.randomBytes(i, EACH))
                    .viaMat(vm.vsock().connect(PORT), Keep.right())
                    .toMat(Guests.sha256(), Keep.both())
                    .run(vmette.system());
            opened.add(both.first());
            digests.add(both.second());
        }
        opened.forEach(Guests::await);
        start.complete(ByteString.fromString("go"));
        for (int i = 0; i < AT_ONCE; i++) {
            Source<ByteString, ?> sent =
                    Source.single(ByteString.fromString("go")).concat(Guests.randomBytes(i, EACH));
            assertThat(await(digests.get(i))).as("connection %d", i).isEqualTo(Guests.sha256Of(vmette, sent));
        }
    }

    /** That the table forgets them is seen by its bound: it has room for 32. */
    @Test
    void openedAndClosedOneAfterTheOtherTheyLeaveNothing() throws IOException {
        boot("256KiB", 32);
        for (int i = 0; i < IN_SEQUENCE / 10; i++) {
            echo(i);
        }
        long heap = HostMemory.liveHeap();
        long descriptors = HostMemory.descriptors();
        for (int i = 0; i < IN_SEQUENCE; i++) {
            echo(i);
        }
        assertThat(HostMemory.descriptors()).isLessThanOrEqualTo(descriptors);
        assertThat(HostMemory.liveHeap() - heap).as("growth of the live heap").isLessThan(LEAST_GROWTH_THAT_IS_A_LEAK);
    }

    /** One that has ended is not taken for the next one of the same ports. */
    @Test
    void aGuestUsesTheSameTwoPortsAgainAndAgain() {
        boot("256KiB", 32);
        Vsock.Binding binding = await(vm.vsock()
                .bind(PORT + 1)
                .to(Sink.foreach(
                        connection -> connection.flow().join(Flow.create()).run(vmette.system())))
                .run(vmette.system()));
        Guests.Result result = Guests.sh(vmette, vm, "/tmp/vsock-load again " + binding.port() + " 5000 40");
        assertThat(result.stdout()).as("%s", result).isEqualTo("40\n");
    }

    private void echo(int number) {
        String text = "connection " + number;
        CompletionStage<String> back = Guests.text(
                vmette,
                Source.single(ByteString.fromString(text)).via(vm.vsock().connect(PORT)));
        assertThat(await(back)).isEqualTo(text);
    }
}
