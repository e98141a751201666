package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OutputPumpTest {
    private final ConsoleTail tail = new ConsoleTail(10, 1000);

    private static InputStream text(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void awaitEnd(OutputPump pump) throws Exception {
        pump.drained().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Test
    void whatIsReadIsKeptAndPassedOn() throws Exception {
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        awaitEnd(OutputPump.start("test", text("one\ntwo"), tail, taken));
        assertThat(tail.lines()).containsExactly("one", "two");
        assertThat(taken.toString(StandardCharsets.UTF_8)).isEqualTo("one\ntwo");
    }

    @Test
    void anOutputThatCannotBeReadSaysSoInItsOwnPlace() throws Exception {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("a wire is cut");
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                throw new IOException("a wire is cut");
            }
        };
        awaitEnd(OutputPump.start("test", new SequenceInputStream(text("half a li"), broken), tail));
        assertThat(tail.lines()).containsExactly("half a li", "(the console ends here: a wire is cut)");
    }

    @Test
    void whoFailsIsGivenNothingMore() throws Exception {
        OutputStream failing = new OutputStream() {
            private boolean failed;

            @Override
            public void write(int b) {
                assertThat(failed).as("was given something again").isFalse();
                failed = true;
                throw new IllegalStateException("full");
            }
        };
        InputStream two = new SequenceInputStream(text("one\n"), text("two\n"));
        awaitEnd(OutputPump.start("test", two, tail, failing));
        assertThat(tail.lines()).containsExactly("one", "two");
    }

    @Test
    void afterAStopNothingIsPassedOn() throws Exception {
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        CountDownLatch passed = new CountDownLatch(1);
        OutputStream to = new OutputStream() {
            @Override
            public void write(int b) {
                taken.write(b);
            }

            @Override
            public void flush() {
                passed.countDown();
            }
        };
        OutputPump pump;
        try (PipedOutputStream process = new PipedOutputStream()) {
            pump = OutputPump.start("test", new PipedInputStream(process), tail, to);
            process.write("one\n".getBytes(StandardCharsets.UTF_8));
            process.flush();
            assertThat(passed.await(60, TimeUnit.SECONDS)).isTrue();
            pump.stopPassing();
            process.write("two\n".getBytes(StandardCharsets.UTF_8));
        }
        awaitEnd(pump);
        assertThat(taken.toString(StandardCharsets.UTF_8)).isEqualTo("one\n");
        assertThat(tail.lines()).containsExactly("one", "two");
    }
}
