package vmette;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.StreamConverters;
import akka.util.ByteString;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * Where the streams of a {@link Vmette#run} go; each is materialised once.
 *
 * @param stdin what the command reads
 * @param stdout takes what it writes to standard output; its stage completes when everything has been taken
 * @param stderr the same for standard error
 */
public record RunStreams(
        Source<ByteString, ?> stdin,
        Sink<ByteString, ? extends CompletionStage<?>> stdout,
        Sink<ByteString, ? extends CompletionStage<?>> stderr) {
    /** Checks what is given. */
    public RunStreams {
        Objects.requireNonNull(stdin, "stdin");
        Objects.requireNonNull(stdout, "stdout");
        Objects.requireNonNull(stderr, "stderr");
    }

    /** No input; the outputs go to this process's own, which stay open. */
    public static RunStreams inherited() {
        return new RunStreams(Source.empty(), to(System.out), to(System.err));
    }

    /** This process's own standard streams, all three. */
    public static RunStreams inheritedWithInput() {
        return new RunStreams(StreamConverters.fromInputStream(() -> System.in), to(System.out), to(System.err));
    }

    private static Sink<ByteString, ? extends CompletionStage<?>> to(java.io.PrintStream stream) {
        return StreamConverters.fromOutputStream(() -> new Unclosed(stream), true);
    }

    /** The sink closes what it is given; a process's own output is not its to close, and its errors must be heard. */
    private static final class Unclosed extends java.io.OutputStream {
        private final java.io.PrintStream stream;

        Unclosed(java.io.PrintStream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int value) throws java.io.IOException {
            stream.write(value);
            check();
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws java.io.IOException {
            stream.write(bytes, offset, length);
            check();
        }

        @Override
        public void flush() throws java.io.IOException {
            stream.flush();
            check();
        }

        private void check() throws java.io.IOException {
            if (stream.checkError()) {
                throw new java.io.IOException("standard output or error is closed");
            }
        }
    }
}
