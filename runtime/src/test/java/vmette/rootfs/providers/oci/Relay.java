package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A port of the loopback address that leads to a registry's, notes each request's head, and can break connections in the middle of what the
 * registry answers.
 */
public final class Relay implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    /** Bytes of answers that still pass; negative: all. */
    private final AtomicLong allowance = new AtomicLong(-1);

    private final AtomicLong passed = new AtomicLong();
    private final AtomicLong connections = new AtomicLong();
    private final CountDownLatch never = new CountDownLatch(1);
    private volatile boolean stall;
    private volatile boolean stalled;
    private volatile boolean stayDown;
    private volatile boolean down;

    public Relay(int target) throws IOException {
        this.target = target;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    public String host() {
        return "localhost:" + server.getLocalPort();
    }

    /** The heads of all requests so far. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** Those that begin so. */
    public List<String> requests(String beginning) {
        return requests.stream().filter(head -> head.startsWith(beginning)).toList();
    }

    public void forget() {
        requests.clear();
        passed.set(0);
    }

    /** How many bytes of answers have passed. */
    public long passed() {
        return passed.get();
    }

    /** How many connections there were. */
    long connections() {
        return connections.get();
    }

    /** After so many more bytes all connections break. New ones are let through again, or, if it is to stay down, refused. */
    public void breakAfter(long bytes, boolean stay) {
        stayDown = stay;
        stall = false;
        allowance.set(bytes);
    }

    /** After so many more bytes the connection that has them stands still for ever; new ones are let through. */
    void stallAfter(long bytes) {
        stall = true;
        allowance.set(bytes);
    }

    boolean isStalled() {
        return stalled;
    }

    public boolean isDown() {
        return down;
    }

    public void mend() {
        allowance.set(-1);
        down = false;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                if (down) {
                    client.close();
                    continue;
                }
                Socket registry = new Socket(InetAddress.getLoopbackAddress(), target);
                connections.incrementAndGet();
                open.add(client);
                open.add(registry);
                daemon(() -> pump(client, registry, true));
                daemon(() -> pump(registry, client, false));
            }
        } catch (IOException closed) {
            closeAll();
        }
    }

    private void pump(Socket from, Socket to, boolean asking) {
        byte[] chunk = new byte[8192];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                if (asking) {
                    note(new String(chunk, 0, read, StandardCharsets.ISO_8859_1));
                } else if (!allowed(read)) {
                    if (stall) {
                        stalled = true;
                        never.await();
                    }
                    closeAll();
                    return;
                }
                out.write(chunk, 0, read);
            }
            to.shutdownOutput();
        } catch (InterruptedException | IOException broken) {
            close(from);
            close(to);
        }
    }

    private boolean allowed(int bytes) {
        long left = allowance.get();
        if (left >= 0 && bytes > left) {
            down = stayDown && !stall;
            allowance.set(-1);
            return false;
        }
        if (left >= 0) {
            allowance.addAndGet(-bytes);
        }
        passed.addAndGet(bytes);
        return true;
    }

    /** Requests are not pipelined, so each begins a chunk. */
    private void note(String chunk) {
        if (chunk.startsWith("GET ")
                || chunk.startsWith("HEAD ")
                || chunk.startsWith("POST ")
                || chunk.startsWith("PUT ")) {
            requests.add(chunk);
        }
    }

    private void closeAll() {
        open.forEach(this::close);
    }

    private void close(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        never.countDown();
        closeAll();
    }
}
