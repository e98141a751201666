package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;

/**
 * Our end of one QEMU's QMP, on which QEMU connects. Who may connect is decided by the socket's directory, which is
 * private; one peer is taken and the socket removed.
 *
 * <p>Thread-safe, never blocks. All completions and events happen on the connection's own thread, in the order in which
 * QEMU spoke: never block there. What the peer sends is bounded in length and nesting; a violation ends the connection.
 */
public final class QmpConnection implements AutoCloseable {
    /** What happens without being asked for. Called on the connection's thread. */
    @FunctionalInterface
    public interface EventListener {
        /**
         * QEMU reports an event.
         *
         * @param name as in QEMU's QMP reference, {@code SHUTDOWN} for one
         * @param data an object, empty where the event has no data
         */
        void onEvent(String name, JsonNode data);
    }

    /** The longest line taken from the peer, in bytes; QEMU's longest answers have some ten thousand. */
    static final int MAX_LINE_BYTES = 1024 * 1024;

    private static final Logger log = LoggerFactory.getLogger(QmpConnection.class);
    private static final int STACK_BYTES = 256 * 1024;
    private static final int CHUNK_BYTES = 8 * 1024;

    private final String name;
    private final Path socket;
    private final EventListener events;
    private final ServerSocketChannel server;
    private final Selector selector;
    private final long greetingDeadline;
    private final LineAssembler lines = new LineAssembler(MAX_LINE_BYTES);
    private final QmpRequests requests = new QmpRequests();
    private final ConcurrentLinkedDeque<ByteBuffer> outgoing = new ConcurrentLinkedDeque<>();
    private final CompletableFuture<String> greeting = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private Optional<SocketChannel> peer = Optional.empty();
    private volatile boolean closing;
    private volatile boolean peerEnded;

    private QmpConnection(
            String name,
            Path socket,
            ServerSocketChannel server,
            Selector selector,
            Duration greetingTimeout,
            EventListener events) {
        this.name = name;
        this.socket = socket;
        this.server = server;
        this.selector = selector;
        this.greetingDeadline = System.nanoTime() + greetingTimeout.toNanos();
        this.events = events;
    }

    /**
     * Makes the socket and waits, on the connection's thread, for QEMU to connect and greet.
     *
     * @param name the VM's, for the thread and for messages
     * @param socket a path of at most 107 bytes in a private directory; nothing may be there yet
     * @param greetingTimeout from now until the greeting; when it passes the connection ends
     * @throws VmetteIoException if the socket cannot be made
     */
    public static QmpConnection listen(String name, Path socket, Duration greetingTimeout, EventListener events) {
        ServerSocketChannel server = null;
        Selector selector = null;
        try {
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket), 1);
            server.configureBlocking(false);
            selector = Selector.open();
            server.register(selector, SelectionKey.OP_ACCEPT);
        } catch (IOException e) {
            closeQuietly(selector);
            closeQuietly(server);
            throw new VmetteIoException("cannot make the QMP socket " + socket + ": " + e.getMessage(), e);
        }
        QmpConnection connection = new QmpConnection(name, socket, server, selector, greetingTimeout, events);
        Thread thread = new Thread(null, connection::run, "vmette-qmp-" + name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        return connection;
    }

    /**
     * QEMU's version, as {@code 7.2.22}, when it has greeted. Fails with {@link OperationTimeoutException} or {@link
     * VmLostException}.
     */
    public CompletionStage<String> greeting() {
        return greeting.minimalCompletionStage();
    }

    /** Completes, never exceptionally, when the connection has ended and everything pending has failed. */
    public CompletionStage<Void> closed() {
        return closed.minimalCompletionStage();
    }

    /**
     * Sends a command. One sent before QEMU has connected goes out then.
     *
     * @param command as in QEMU's QMP reference
     * @param arguments values that Jackson turns into JSON; empty for none
     * @return QEMU's answer; fails with {@link QmpException} if it refuses, {@link VmLostException} if the connection ends first
     *     or has too many unanswered commands
     */
    public CompletionStage<JsonNode> execute(String command, Map<String, ?> arguments) {
        QmpRequests.Request request = requests.add(command);
        if (!request.answer().isDone()) {
            outgoing.addLast(ByteBuffer.wrap(QmpCodec.encode(request.id(), command, arguments)));
            selector.wakeup();
        }
        return request.answer().minimalCompletionStage();
    }

    /** The peer's process has ended: reads what it left behind, then closes, even if it never connected. */
    void peerEnded() {
        peerEnded = true;
        selector.wakeup();
    }

    /** Ends the connection; {@link #closed} says when. Idempotent. */
    @Override
    public void close() {
        closing = true;
        selector.wakeup();
    }

    private void run() {
        VmetteException reason = null;
        try {
            while (!closing && turn()) {
                // One turn waits for and serves whatever is ready.
            }
        } catch (OperationTimeoutException e) {
            reason = e;
        } catch (QmpProtocolException e) {
            reason = new VmLostException("QEMU of VM " + name + " broke the QMP protocol: " + e.getMessage(), e);
        } catch (IOException e) {
            reason = new VmLostException("lost the QMP connection to VM " + name + ": " + e.getMessage(), e);
        } catch (Throwable e) {
            log.error("the QMP connection to VM {} failed", name, e);
            reason = new VmLostException("the QMP connection to VM " + name + " failed: " + e, e);
        } finally {
            shutDown(reason == null ? new VmLostException("the QMP connection to VM " + name + " has ended") : reason);
        }
    }

    private void shutDown(VmetteException reason) {
        removeListener();
        peer.ifPresent(QmpConnection::closeQuietly);
        closeQuietly(selector);
        greeting.completeExceptionally(reason);
        requests.failAll(reason);
        closed.complete(null);
    }

    /** @return false at the connection's regular end */
    private boolean turn() throws IOException {
        selector.select(waitMillis());
        if (peer.isEmpty() && !acceptPeer() && peerEnded) {
            return false;
        }
        if (peer.isPresent()) {
            SocketChannel channel = peer.get();
            if (!read(channel)) {
                return false;
            }
            write(channel);
        }
        if (!greeting.isDone() && System.nanoTime() - greetingDeadline >= 0) {
            throw new OperationTimeoutException("QEMU of VM " + name
                    + " did not answer on QMP in time: the host may be overloaded, or raise vmette.qemu.start-timeout");
        }
        return true;
    }

    private long waitMillis() {
        if (greeting.isDone()) {
            return 0;
        }
        return Math.max(1, TimeUnit.NANOSECONDS.toMillis(greetingDeadline - System.nanoTime()) + 1);
    }

    private boolean acceptPeer() throws IOException {
        SocketChannel accepted = server.accept();
        if (accepted == null) {
            return false;
        }
        peer = Optional.of(accepted);
        removeListener();
        accepted.configureBlocking(false);
        accepted.register(selector, SelectionKey.OP_READ);
        return true;
    }

    private void removeListener() {
        if (server.isOpen()) {
            closeQuietly(server);
            try {
                Files.deleteIfExists(socket);
            } catch (IOException leftToTheDirectory) {
                log.debug("removing {}", socket, leftToTheDirectory);
            }
        }
    }

    private boolean read(SocketChannel channel) throws IOException {
        selector.selectedKeys().clear();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        int n = channel.read(chunk);
        chunk.flip();
        for (Optional<byte[]> line = lines.take(chunk); line.isPresent(); line = lines.take(chunk)) {
            dispatch(QmpCodec.decode(line.get()));
        }
        return n >= 0;
    }

    private void dispatch(QmpMessage message) throws QmpProtocolException {
        if (message instanceof QmpMessage.Greeting first) {
            if (!greeting.complete(first.version())) {
                throw new QmpProtocolException("a second greeting");
            }
        } else if (!greeting.isDone()) {
            throw new QmpProtocolException("no greeting");
        } else if (message instanceof QmpMessage.Event event) {
            report(event);
        } else if (message instanceof QmpMessage.Success success) {
            requests.succeed(success);
        } else if (message instanceof QmpMessage.Refusal refusal) {
            requests.refuse(refusal);
        }
    }

    private void report(QmpMessage.Event event) {
        try {
            events.onEvent(event.name(), event.data());
        } catch (RuntimeException e) {
            log.error("a listener of VM {} failed at the event {}", name, event.name(), e);
        }
    }

    private void write(SocketChannel channel) throws IOException {
        boolean full = false;
        for (ByteBuffer next = outgoing.peekFirst(); next != null && !full; next = outgoing.peekFirst()) {
            channel.write(next);
            full = next.hasRemaining();
            if (!full) {
                outgoing.removeFirst();
            }
        }
        channel.keyFor(selector)
                .interestOps(full ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    private static void closeQuietly(AutoCloseable resource) {
        if (resource == null) {
            return;
        }
        try {
            resource.close();
        } catch (Exception e) {
            log.debug("closing {}", resource, e);
        }
    }
}
