package vmette.rootfs.providers.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server on the loopback address that says whatever a test wants it to say. */
final class FakeRegistry implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Handler> handlers = new ConcurrentHashMap<>();
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    /** @param authorization the header, or empty */
    record Asked(String method, String path, String query, String authorization) {}

    /** What answers a request. */
    interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    FakeRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    String host() {
        return "localhost:" + server.getAddress().getPort();
    }

    List<Asked> asked() {
        return List.copyOf(asked);
    }

    FakeRegistry on(String path, Handler handler) {
        handlers.put(path, handler);
        return this;
    }

    /** The bytes, with status 200. */
    FakeRegistry on(String path, byte[] bytes) {
        return on(path, exchange -> send(exchange, 200, bytes));
    }

    FakeRegistry manifest(String version, byte[] bytes) {
        return on("/v2/a/b/manifests/" + version, bytes);
    }

    /** By its digest. */
    FakeRegistry blob(TestImages.Blob blob) {
        return on("/v2/a/b/blobs/" + blob.digest(), blob.bytes());
    }

    static Handler redirect(String location) {
        return exchange -> {
            exchange.getResponseHeaders().add("Location", location);
            send(exchange, 307, new byte[0]);
        };
    }

    /** Lets those through who show this; challenges the others. */
    static Handler guarded(String challenge, String authorization, byte[] bytes) {
        return exchange -> {
            if (authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                send(exchange, 200, bytes);
            } else {
                exchange.getResponseHeaders().add("WWW-Authenticate", challenge);
                send(exchange, 401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"no\"}]}".getBytes(UTF_8));
            }
        };
    }

    static void send(HttpExchange exchange, int status, byte[] bytes) throws IOException {
        boolean body = bytes.length > 0 && !exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, body ? bytes.length : -1);
        if (body) {
            exchange.getResponseBody().write(bytes);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        String query = exchange.getRequestURI().getRawQuery();
        String path = exchange.getRequestURI().getPath();
        asked.add(new Asked(exchange.getRequestMethod(), path, query == null ? "" : query, given == null ? "" : given));
        exchange.getRequestBody().readAllBytes();
        try (exchange) {
            handlers.getOrDefault(path, unknown -> send(unknown, 404, "{}".getBytes(UTF_8)))
                    .handle(exchange);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
