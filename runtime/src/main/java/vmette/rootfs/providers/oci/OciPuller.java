package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Predicate;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.rootfs.RootfsRequest;

/** From a request to an image in the cache, or to the failure that a user sees. Thread-safe. */
final class OciPuller {
    static final String PREFIX = "oci://";

    /** How long a transfer may stand still before it counts as broken. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(15);

    private final Credentials credentials;
    private final Duration tagTtl;
    private final Clock clock;
    private final Duration patience;

    /** Made when the first registry is asked: it has threads, and most runs ask none. */
    private HttpClient http;

    OciPuller(Credentials credentials, Duration tagTtl, Clock clock) {
        this(credentials, tagTtl, clock, PATIENCE);
    }

    OciPuller(Credentials credentials, Duration tagTtl, Clock clock, Duration patience) {
        this.credentials = credentials;
        this.tagTtl = tagTtl;
        this.clock = clock;
        this.patience = patience;
    }

    static ImageReference reference(String spec) {
        String text = spec.startsWith(PREFIX) ? spec.substring(PREFIX.length()) : spec;
        return ImageReference.parse(text)
                .orElseThrow(() -> new InvalidConfigException("'" + OciJson.shown(spec)
                        + "' is no image reference; it should be [REGISTRY/]NAME[:TAG][@sha256:DIGEST], such as debian:12 or"
                        + " ghcr.io/owner/name:tag"));
    }

    /**
     * @param made whether the image of the manifest with this digest has been made before, so that its layers are not needed
     * @throws VmetteException as {@link vmette.rootfs.RootfsProvider#resolve} says
     */
    PulledImage pull(RootfsRequest request, Predicate<Digest> made) {
        ImageReference reference = reference(request.spec());
        Path cache = request.cache().resolve("oci");
        Authenticator authenticator = new Authenticator(() -> credentials.find(
                reference.registry(), line -> request.progress().say(line)));
        try {
            return new ImagePull(
                            reference,
                            request,
                            new RegistryClient(this::http, reference, authenticator, patience),
                            new BlobStore(cache),
                            new TagStore(cache),
                            tagTtl,
                            clock)
                    .run(made);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VmetteIoException(
                    "interrupted while fetching the image " + reference + "; what has come is kept", e);
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw new VmetteIoException(
                        "interrupted while fetching the image " + reference + "; what has come is kept", e);
            }
            throw PullFailures.of(reference, cache, e);
        }
    }

    private synchronized HttpClient http() {
        if (http == null) {
            http = HttpClient.newBuilder()
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .connectTimeout(CONNECT_TIMEOUT)
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
        }
        return http;
    }
}
