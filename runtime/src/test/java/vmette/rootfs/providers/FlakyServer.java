package vmette.rootfs.providers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server on loopback that has one thing, and does not always give it. */
final class FlakyServer implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** What was asked: range, and what the client has, if anything. */
    final List<String> asked = new CopyOnWriteArrayList<>();

    volatile byte[] content = new byte[0];
    volatile String etag = "\"1\"";

    /** Bytes after which each answer breaks off. */
    volatile int breakAfter = Integer.MAX_VALUE;

    /** What the length is said to be; negative: the truth. */
    volatile long claimed = -1;

    volatile int status = 200;
    volatile boolean ranges = true;
    volatile boolean chunked;

    /** Answers stop where they would break off, and do not end before the server does. */
    volatile boolean stalls;

    private final CountDownLatch closed = new CountDownLatch(1);

    FlakyServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/root");
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String range = exchange.getRequestHeaders().getFirst("Range");
            String known = exchange.getRequestHeaders().getFirst("If-None-Match");
            asked.add((range == null ? "all" : range) + (known == null ? "" : " unless " + known));
            if (!etag.isEmpty()) {
                exchange.getResponseHeaders().set("ETag", etag);
            }
            if (status != 200) {
                exchange.sendResponseHeaders(status, -1);
                return;
            }
            if (known != null && known.equals(etag)) {
                exchange.sendResponseHeaders(304, -1);
                return;
            }
            boolean part = range != null
                    && ranges
                    && etag.equals(exchange.getRequestHeaders().getFirst("If-Range"));
            int from = part ? Integer.parseInt(range.substring(6, range.indexOf('-'))) : 0;
            if (part) {
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            byte[] body = Arrays.copyOfRange(content, from, content.length);
            exchange.sendResponseHeaders(part ? 206 : 200, chunked ? 0 : claimed >= 0 ? claimed : body.length);
            OutputStream out = exchange.getResponseBody();
            out.write(body, 0, Math.min(body.length, breakAfter));
            out.flush();
            if (stalls) {
                closed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
