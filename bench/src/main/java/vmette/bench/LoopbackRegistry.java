package vmette.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/** As much of a registry as the pull of one image of one layer needs, on a free port of the loopback address. */
final class LoopbackRegistry implements AutoCloseable {
    private static final String REPOSITORY = "bench/root";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    private final HttpServer server;
    private final Path layer;
    private final String layerDigest;
    private final byte[] config;
    private final byte[] manifest;
    private final AtomicInteger requests = new AtomicInteger();

    private LoopbackRegistry(HttpServer server, Path layer) throws IOException {
        this.server = server;
        this.layer = layer;
        this.layerDigest = digest(layer);
        this.config = ("{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{},\"rootfs\":{\"type\":\"layers\","
                        + "\"diff_ids\":[\"" + layerDigest + "\"]}}")
                .getBytes(StandardCharsets.UTF_8);
        this.manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":"
                        + descriptor(CONFIG, digest(config), config.length) + ",\"layers\":["
                        + descriptor(LAYER, layerDigest, Files.size(layer)) + "]}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** @param layer an archive, which is not compressed */
    static LoopbackRegistry serve(Path layer) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        LoopbackRegistry registry = new LoopbackRegistry(server, layer);
        server.createContext("/v2/", registry::answer);
        server.start();
        return registry;
    }

    /** By which the image is pulled. */
    String reference() {
        return "localhost:" + server.getAddress().getPort() + "/" + REPOSITORY + ":1";
    }

    /** How many have been answered. */
    int requests() {
        return requests.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        String path = exchange.getRequestURI().getPath();
        try (exchange) {
            if (path.equals("/v2/" + REPOSITORY + "/blobs/" + layerDigest)) {
                exchange.sendResponseHeaders(200, Files.size(layer));
                try (OutputStream body = exchange.getResponseBody()) {
                    Files.copy(layer, body);
                }
            } else if (path.equals("/v2/" + REPOSITORY + "/blobs/" + digest(config))) {
                exchange.sendResponseHeaders(200, config.length);
                exchange.getResponseBody().write(config);
            } else if (path.startsWith("/v2/" + REPOSITORY + "/manifests/")) {
                exchange.getResponseHeaders().set("Content-Type", MANIFEST);
                exchange.getResponseHeaders().set("Docker-Content-Digest", digest(manifest));
                exchange.sendResponseHeaders(200, manifest.length);
                exchange.getResponseBody().write(manifest);
            } else {
                exchange.sendResponseHeaders(404, -1);
            }
        }
    }

    private static String descriptor(String type, String digest, long size) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + digest + "\",\"size\":" + size + "}";
    }

    private static String digest(byte[] bytes) {
        return named(sha256().digest(bytes));
    }

    private static String digest(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] some = new byte[1 << 16];
            for (int got; (got = in.read(some)) > 0; ) {
                digest.update(some, 0, got);
            }
        }
        return named(digest.digest());
    }

    private static String named(byte[] digest) {
        return "sha256:" + HexFormat.of().formatHex(digest);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
