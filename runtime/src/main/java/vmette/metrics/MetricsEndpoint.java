package vmette.metrics;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmetteIoException;

/** {@code GET /metrics} at the host's loopback address, in Prometheus' text format 0.0.4; a connection for each request. Thread-safe. */
public final class MetricsEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsEndpoint.class);
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final String PATH = "/metrics";
    private static final String FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    /** Longer than a scrape takes; whoever is not done after so long is let go. */
    private static final long PATIENCE_MILLIS = 10_000;

    /** Of a request's lines, in bytes: more than a scrape's. */
    private static final int MOST_HEAD = 16 << 10;

    private final Door door;
    private final PrometheusMeterRegistry registry;

    private MetricsEndpoint(int port, PrometheusMeterRegistry registry, long patienceMillis) throws IOException {
        this.registry = registry;
        this.door = new Door(InetAddress.getByAddress(LOOPBACK), port, patienceMillis, this::serve);
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
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try {
            MetricsEndpoint endpoint = new MetricsEndpoint(port, registry, patienceMillis);
            metrics.bindTo(registry);
            LOG.info("metrics are served at http://127.0.0.1:{}{}", endpoint.port(), PATH);
            return endpoint;
        } catch (IOException e) {
            registry.close();
            throw new VmetteIoException(
                    "metrics cannot be served at 127.0.0.1:" + port + " (vmette.metrics.port): " + e.getMessage()
                            + "; end what listens there, take another port, or 0 for any that is free",
                    e);
        }
    }

    /** Where it is. */
    public int port() {
        return door.port();
    }

    private void serve(Socket socket) throws IOException {
        InputStream in = new BufferedInputStream(socket.getInputStream());
        OutputStream out = socket.getOutputStream();
        out.write(answer(head(in)));
        out.flush();
        // What was sent beyond that is read and forgotten, since a close before would take the answer away.
        socket.shutdownOutput();
        in.skipNBytes(MOST_HEAD);
    }

    /** The lines up to the empty one. */
    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int line = 0;
        for (int next = in.read(); next >= 0 && head.size() < MOST_HEAD; next = in.read()) {
            head.write(next);
            if (next == '\n') {
                if (line == 0) {
                    return head.toString(US_ASCII);
                }
                line = 0;
            } else if (next != '\r') {
                line++;
            }
        }
        if (head.size() < MOST_HEAD) {
            throw new IOException("it has left");
        }
        return "";
    }

    private byte[] answer(String head) {
        String[] words = head.split("\r?\n", 2)[0].split(" ", -1);
        if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
            return answer("400 Bad Request", "", new byte[0]);
        }
        if (!words[1].split("[?]", 2)[0].equals(PATH)) {
            return answer("404 Not Found", "", new byte[0]);
        }
        if (!words[0].equals("GET")) {
            return answer("405 Method Not Allowed", "Allow: GET\r\n", new byte[0]);
        }
        return answer(
                "200 OK",
                "Content-Type: " + FORMAT + "\r\n",
                registry.scrape(FORMAT).getBytes(UTF_8));
    }

    private static byte[] answer(String status, String more, byte[] body) {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        answer.writeBytes(("HTTP/1.1 " + status + "\r\n" + more + "Content-Length: " + body.length
                        + "\r\nConnection: close\r\n\r\n")
                .getBytes(US_ASCII));
        answer.writeBytes(body);
        return answer.toByteArray();
    }

    /** Serves no more. Idempotent. */
    @Override
    public void close() {
        door.close();
        registry.close();
    }
}
