package docs.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import vmette.errors.VsockException;
import vmette.testkit.FakeVm;
import vmette.vsock.RingGuest;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** The example of docs/testing.md: a service for guests, and its test without a VM. */
class GreeterTest {
    /** Tells every guest hello and waits for its word. */
    static final class Greeter implements VsockChannelHandler {
        private VsockChannel channel;
        String word = "";

        static VsockHost.Listener serve(VsockHost host, Greeter greeter) {
            return host.listen(7000, 1, request -> request.accept(greeter));
        }

        @Override
        public void onOpen(VsockChannel opened) {
            channel = opened;
            channel.write("hello".getBytes(UTF_8), 0, 5);
            channel.request(100);
        }

        @Override
        public void onData(byte[] chunk) {
            word += new String(chunk, UTF_8);
            channel.request(100);
        }

        @Override
        public void onEnd() {
            channel.shutdownOutput();
        }

        @Override
        public void onWritable() {}

        @Override
        public void onOutputRefused() {}

        @Override
        public void onClosed() {}

        @Override
        public void onReset(VsockException cause) {
            word = "lost: " + cause.getMessage();
        }
    }

    // docs/testing.md: begin
    @Test
    void aGuestIsGreetedAndHeard() {
        Greeter greeter = new Greeter();
        try (FakeVm vm = FakeVm.start()) {
            Greeter.serve(vm.host(), greeter);
            RingGuest guest = vm.guest();
            guest.dial(1024, 7000);
            vm.run();
            assertThat(guest.received(1024, 7000)).asString(UTF_8).isEqualTo("hello");

            guest.write(1024, 7000, "good day".getBytes(UTF_8));
            guest.shutdown(1024, 7000, 2);
            vm.run();
            assertThat(greeter.word).isEqualTo("good day");
            assertThat(guest.isGone(1024, 7000)).isTrue();
            assertThat(vm.reserved()).isZero();
        }
    }

    @Test
    void aGuestThatRestartsItsDriverIsLost() {
        Greeter greeter = new Greeter();
        try (FakeVm vm = FakeVm.start()) {
            Greeter.serve(vm.host(), greeter);
            vm.guest().dial(1024, 7000);
            vm.run();
            vm.guest().restartDriver();
            vm.run();
            assertThat(greeter.word).contains("the guest's vsock driver was restarted");
        }
    }
    // docs/testing.md: end

    @Test
    void theClockIsTheTests() {
        try (FakeVm vm = FakeVm.start()) {
            vm.host().listen(7000, 1, request -> {});
            vm.guest().dial(1024, 7000);
            vm.run();
            vm.pass(Duration.ofSeconds(9));
            assertThat(vm.guest().isGone(1024, 7000)).isFalse();
            vm.pass(Duration.ofSeconds(1));
            assertThat(vm.guest().isGone(1024, 7000)).as("nobody accepted").isTrue();
            vm.guest().breakTxRing();
            vm.run();
            assertThat(vm.broken()).hasValueSatisfying(why -> assertThat(why).contains("broke its vsock ring"));
        }
    }

    @Test
    void thePageShowsWhatIsRunHere() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/test/java/docs/testing/GreeterTest.java"));
        String shown = lines
                .subList(
                        lines.indexOf("    // docs/testing.md: begin") + 1,
                        lines.indexOf("    // docs/testing.md: end"))
                .stream()
                .map(line -> line.isEmpty() ? line : line.substring(4))
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(Path.of("../docs/testing.md"))).contains("```java\n" + shown + "\n```");
    }
}
