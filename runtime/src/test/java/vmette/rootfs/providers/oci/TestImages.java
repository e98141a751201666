package vmette.rootfs.providers.oci;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Builds images and pushes them by a registry's plain HTTP API. */
public final class TestImages {
    static final String GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String base;
    private final String authorization;

    /** A blob and how a manifest speaks of it. */
    public static final class Blob {
        private final byte[] bytes;
        private final String mediaType;

        public Blob(byte[] bytes, String mediaType) {
            this.bytes = bytes;
            this.mediaType = mediaType;
        }

        byte[] bytes() {
            return bytes;
        }

        String mediaType() {
            return mediaType;
        }

        Digest digest() {
            return Digest.of(bytes);
        }

        String descriptor() {
            return descriptor("");
        }

        String descriptor(String more) {
            return "{\"mediaType\":\"" + mediaType + "\",\"digest\":\"" + digest() + "\",\"size\":" + bytes.length
                    + more + "}";
        }

        String forPlatform(String os, String architecture) {
            return descriptor(",\"platform\":{\"os\":\"" + os + "\",\"architecture\":\"" + architecture + "\"}");
        }
    }

    /** What a tar archive is to hold. */
    public interface Content {
        void addTo(TarArchiveOutputStream tar) throws IOException;
    }

    TestImages(String host) {
        this(host, "");
    }

    /** @param authorization an Authorization header, or empty */
    public TestImages(String host, String authorization) {
        this.base = "http://" + host + "/v2/";
        this.authorization = authorization;
    }

    public static Content file(String name, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return tar -> {
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(bytes.length);
            entry.setMode(0755);
            tar.putArchiveEntry(entry);
            tar.write(bytes);
            tar.closeArchiveEntry();
        };
    }

    public static Content directory(String name) {
        return tar -> {
            tar.putArchiveEntry(new TarArchiveEntry(name + "/"));
            tar.closeArchiveEntry();
        };
    }

    public static Content hardLink(String name, String target) {
        return tar -> {
            TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_LINK);
            entry.setLinkName(target);
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
        };
    }

    public static Blob layer(Content... contents) {
        return new Blob(gzip(tar(contents)), GZIP_LAYER);
    }

    static byte[] tar(Content... contents) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            for (Content content : contents) {
                content.addTo(tar);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    /** A layer of so many bytes that no compression makes fewer; the same for the same seed. */
    public static Blob noise(int size, int seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return new Blob(bytes, "application/vnd.oci.image.layer.v1.tar");
    }

    static Blob config(String architecture, String config, Blob... layers) {
        String ids =
                Arrays.stream(layers).map(layer -> "\"" + layer.digest() + "\"").collect(Collectors.joining(","));
        String json = "{\"os\":\"linux\",\"architecture\":\"" + architecture + "\",\"config\":" + config
                + ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + ids + "]}}";
        return new Blob(json.getBytes(StandardCharsets.UTF_8), MediaTypes.OCI_CONFIG);
    }

    static Blob manifest(Blob config, Blob... layers) {
        String json = "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OCI_MANIFEST + "\",\"config\":"
                + config.descriptor() + ",\"layers\":["
                + Arrays.stream(layers).map(Blob::descriptor).collect(Collectors.joining(",")) + "]}";
        return new Blob(json.getBytes(StandardCharsets.UTF_8), MediaTypes.OCI_MANIFEST);
    }

    static Blob index(String... entries) {
        String json = "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OCI_INDEX + "\",\"manifests\":["
                + String.join(",", List.of(entries)) + "]}";
        return new Blob(json.getBytes(StandardCharsets.UTF_8), MediaTypes.OCI_INDEX);
    }

    /** Pushes an image of these layers; its manifest. */
    public Blob pushImage(String repository, String version, String config, Blob... layers) {
        return pushImage(repository, version, "amd64", config, layers);
    }

    Blob pushImage(String repository, String version, String architecture, String config, Blob... layers) {
        Blob configuration = config(architecture, config, layers);
        pushBlob(repository, configuration);
        for (Blob layer : layers) {
            pushBlob(repository, layer);
        }
        Blob manifest = manifest(configuration, layers);
        pushManifest(repository, version.isEmpty() ? manifest.digest().toString() : version, manifest);
        return manifest;
    }

    void pushBlob(String repository, Blob blob) {
        HttpResponse<String> upload = send(
                URI.create(base + repository + "/blobs/uploads/"), "POST", new byte[0], "application/octet-stream");
        URI location = URI.create(upload.headers().firstValue("Location").orElseThrow());
        String joint = location.getRawQuery() == null ? "?" : "&";
        send(URI.create(location + joint + "digest=" + blob.digest()), "PUT", blob.bytes(), "application/octet-stream");
    }

    void pushManifest(String repository, String version, Blob manifest) {
        send(URI.create(base + repository + "/manifests/" + version), "PUT", manifest.bytes(), manifest.mediaType());
    }

    private HttpResponse<String> send(URI uri, String method, byte[] body, String type) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .header("Content-Type", type)
                .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        if (!authorization.isEmpty()) {
            request.header("Authorization", authorization);
        }
        try {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException(
                        method + " " + uri + ": " + response.statusCode() + " " + response.body());
            }
            return response;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
