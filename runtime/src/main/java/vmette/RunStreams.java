package vmette;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.StreamConverters;
import akka.util.ByteString;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
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
    /** EPIPE, as the JDK says it. */
    private static final String BROKEN_PIPE = "Broken pipe";

    private static final String CLOSED = "standard output or error is closed";

    /** Checks what is given. */
    public RunStreams {
        Objects.requireNonNull(stdin, "stdin");
        Objects.requireNonNull(stdout, "stdout");
        Objects.requireNonNull(stderr, "stderr");
    }

    /** No input; the outputs go to {@code System.out} and {@code System.err}, which stay open and do not say why they cannot write. */
    public static RunStreams inherited() {
        return new RunStreams(Source.empty(), to(new Printed(System.out)), to(new Printed(System.err)));
    }

    /** This process's own standard streams, all three, past what Java makes of its outputs: a write that fails says why. */
    public static RunStreams ofProcess() {
        return new RunStreams(
                StreamConverters.fromInputStream(() -> System.in),
                to(new Unclosed(FileDescriptor.out)),
                to(new Unclosed(FileDescriptor.err)));
    }

    private static Sink<ByteString, ? extends CompletionStage<?>> to(OutputStream stream) {
        return StreamConverters.fromOutputStream(() -> stream, true);
    }

    /** Whether a write failed because nobody reads any more, which is no failure of a run. */
    static boolean isReaderGone(IOException failure) {
        return CLOSED.equals(failure.getMessage()) || BROKEN_PIPE.equals(failure.getMessage());
    }

    /** The sink closes what it is given; a process's own output is not its to close. */
    private static final class Unclosed extends FileOutputStream {
        Unclosed(FileDescriptor descriptor) {
            super(descriptor);
        }

        @Override
        public void close() {}
    }

    /** Likewise, and its errors must be heard. */
    private static final class Printed extends OutputStream {
        private final PrintStream stream;

        Printed(PrintStream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int value) throws IOException {
            stream.write(value);
            check();
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            stream.write(bytes, offset, length);
            check();
        }

        @Override
        public void flush() throws IOException {
            stream.flush();
            check();
        }

        private void check() throws IOException {
            if (stream.checkError()) {
                throw new IOException(CLOSED);
            }
        }
    }
}
