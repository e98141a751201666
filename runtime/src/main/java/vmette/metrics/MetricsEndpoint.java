package vmette.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmetteIoException;

/** {@code GET /metrics} at the host's loopback address, in Prometheus' text format 0.0.4. Thread-safe. */
public final class MetricsEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsEndpoint.class);
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final String PATH = "/metrics";
    private static final String FORMAT = "text/plain; version=0.0.4; charset=utf-8";
    /** Longer than a scrape takes; whoever says nothing for so long is let go. */
    private static final long PATIENCE_MILLIS = 10_000;

    private final HttpServer server;
    private final ImpatientThreads threads;
    private final PrometheusMeterRegistry registry;

    private MetricsEndpoint(HttpServer server, ImpatientThreads threads, PrometheusMeterRegistry registry) {
        this.server = server;
        this.threads = threads;
        this.registry = registry;
    }

    /**
     * Opens one.
     *
     * @param port 1 to 65535, or 0: any that is free
     * @param metrics what it serves
     * @throws VmetteIoException if the port is taken, or not to be had
     */
    public static MetricsEndpoint open(int port, VmetteMetrics metrics) {
        return open(port, metrics, PATIENCE_MILLIS);
    }

    static MetricsEndpoint open(int port, VmetteMetrics metrics, long patienceMillis) {
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port), 0);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "metrics cannot be served at 127.0.0.1:" + port + " (vmette.metrics.port): " + e.getMessage()
                            + "; end what listens there, take another port, or 0 for any that is free",
                    e);
        }
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        metrics.bindTo(registry);
        ImpatientThreads threads = new ImpatientThreads(patienceMillis);
        MetricsEndpoint endpoint = new MetricsEndpoint(server, threads, registry);
        server.setExecutor(threads);
        server.createContext("/", endpoint::answer);
        server.start();
        LOG.info("metrics are served at http://127.0.0.1:{}{}", endpoint.port(), PATH);
        return endpoint;
    }

    /** Where it is. */
    public int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestURI().getPath().equals(PATH)) {
                exchange.sendResponseHeaders(404, -1);
            } else if (!exchange.getRequestMethod().equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET");
                exchange.sendResponseHeaders(405, -1);
            } else {
                byte[] text = registry.scrape(FORMAT).getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", FORMAT);
                exchange.sendResponseHeaders(200, text.length);
                exchange.getResponseBody().write(text);
            }
        }
    }

    /** Serves no more. Idempotent. */
    @Override
    public void close() {
        server.stop(0);
        threads.close();
        registry.close();
    }
}
