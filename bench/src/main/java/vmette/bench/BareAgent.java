package vmette.bench;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrameDecoder;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;
import vmette.guest.protocol.InstanceId;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.ProtocolException;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.Token;
import vmette.guest.protocol.WindowSize;

/** The guest protocol as the least program speaks it, over the Unix socket of {@link PeerBackend}: blocking, from one thread. */
final class BareAgent implements AutoCloseable {
    /** The back-end forgets a connection that comes before the guest's driver has given it buffers. */
    private static final long FORGOTTEN_MILLIS = 500;

    private static final long PATIENCE_MILLIS = 30_000;

    private static final long EXECUTION = 1L << 40;

    private final Path streams;
    private final List<SocketChannel> open = new ArrayList<>();
    private final AgentFrameDecoder decoder = new AgentFrameDecoder();
    private final Queue<AgentFrame> frames = new ArrayDeque<>();
    private SocketChannel control;

    /** @param streams where the back-end takes connections into the guest */
    BareAgent(Path streams) {
        this.streams = streams;
    }

    /** @throws SocketTimeoutException if the back-end has forgotten it */
    void connect() throws IOException {
        control = dial(FORGOTTEN_MILLIS);
    }

    /** Clock, entropy, instance, name and environment. */
    void renew() throws IOException {
        send(control, Openings.control());
        send(control, HostFrames.encode(new HostFrame.Hello(GuestProtocol.VERSION)));
        send(
                control,
                HostFrames.encode(
                        new HostFrame.Restore(Instant.now(), Entropy.fresh(), InstanceId.random(), "bare", List.of())));
        await(frame -> frame instanceof AgentFrame.Restored);
    }

    /** Runs a command of the shell; it has started on return. */
    Token start(String command) throws IOException {
        Token token = Token.random();
        send(
                control,
                HostFrames.encode(new HostFrame.Exec(
                        EXECUTION,
                        Set.<ExecFlag>of(),
                        StreamSetup.none(),
                        StreamSetup.connection(token),
                        StreamSetup.none(),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(1),
                        new WindowSize(0, 0),
                        "",
                        List.of("/bin/sh", "-c", command),
                        List.of())));
        // Of former commands it may be told as well.
        await(frame -> frame instanceof AgentFrame.Started begun && begun.execution() == EXECUTION);
        return token;
    }

    /** Waits for the first byte of its output. */
    void firstByte(Token token) throws IOException {
        SocketChannel output = dial(PATIENCE_MILLIS);
        send(output, Openings.data(EXECUTION, StreamId.STDOUT, token));
        if (output.read(ByteBuffer.allocate(1)) < 1) {
            throw new IOException("the command ended without a byte of output");
        }
    }

    private void await(Predicate<AgentFrame> wanted) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        for (; ; ) {
            for (AgentFrame frame = frames.poll(); frame != null; frame = frames.poll()) {
                if (wanted.test(frame)) {
                    return;
                }
                if (frame instanceof AgentFrame.Error || frame instanceof AgentFrame.ExecFailed) {
                    throw new IOException("the agent refuses: " + frame);
                }
            }
            int count = control.read(buffer.clear());
            if (count < 0) {
                throw new IOException("the agent ended its connection");
            }
            try {
                frames.addAll(decoder.decode(buffer.array(), 0, count));
            } catch (ProtocolException e) {
                throw new IOException("the agent broke the protocol: " + e.getMessage(), e);
            }
        }
    }

    private SocketChannel dial(long millis) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(streams));
        try {
            send(channel, ("CONNECT " + GuestProtocol.PORT + "\n").getBytes(StandardCharsets.US_ASCII));
            requireAnswer(channel, millis);
            ByteBuffer one = ByteBuffer.allocate(1);
            do {
                if (channel.read(one.clear()) < 1) {
                    throw new IOException("the back-end answered CONNECT by closing");
                }
            } while (one.get(0) != '\n');
            open.add(channel);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static void requireAnswer(SocketChannel channel, long millis) throws IOException {
        channel.configureBlocking(false);
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_READ);
            if (selector.select(millis) == 0) {
                throw new SocketTimeoutException("the back-end does not answer CONNECT");
            }
        }
        channel.configureBlocking(true);
    }

    private static void send(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel channel : open) {
            channel.close();
        }
    }
}
