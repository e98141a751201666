package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Asks one registry for what is in one repository, as the OCI distribution specification has it ("Pull"). Thread-safe.
 *
 * <p>The first question is asked as nobody; a registry that wants to know who asks gets a credential, and is asked with it from then on. It goes
 * to the registry's own origin only, never along a redirect to another.
 */
final class RegistryClient {
    /** Connecting, and waiting for an answer's header. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

    private static final int MAX_REDIRECTS = 5;

    private final Supplier<HttpClient> http;
    private final URI registry;
    private final String repository;
    private final Authenticator authenticator;
    private final Duration patience;

    /** What was last sent and taken; empty: nothing. */
    private volatile String authorization = "";

    /** @param patience how long a transfer may stand still */
    RegistryClient(
            Supplier<HttpClient> http, ImageReference reference, Authenticator authenticator, Duration patience) {
        this.http = http;
        this.registry = Endpoints.of(reference.registry());
        this.repository = reference.repository();
        this.authenticator = authenticator;
        this.patience = patience;
    }

    /** A manifest, by tag or digest. */
    Answer manifest(String method, String version) throws IOException, InterruptedException {
        return ask(method, "/manifests/" + version, MediaTypes.ACCEPTED_MANIFESTS, 0);
    }

    /** A blob, from this offset on if the registry can do that (206), else from its beginning (200). */
    Answer blob(Digest digest, long from) throws IOException, InterruptedException {
        return ask("GET", "/blobs/" + digest, "*/*", from);
    }

    /** An answer of 200 or 206. */
    private Answer ask(String method, String path, String accept, long from) throws IOException, InterruptedException {
        URI uri = registry.resolve("/v2/" + repository + path);
        String sent = authorization;
        Answer first = follow(method, uri, accept, from, sent);
        if (first.status() != 401 || !Endpoints.sameOrigin(first.uri(), registry)) {
            return required(first, sent);
        }
        String authorized;
        try (first) {
            authorized = authenticate(first, sent);
            first.drain();
        }
        return required(follow(method, uri, accept, from, authorized), authorized);
    }

    private Answer required(Answer answer, String sent) throws RegistryRefusedException {
        if (answer.status() == 200 || answer.status() == 206) {
            return answer;
        }
        try (answer) {
            throw answer.refusal(!sent.isEmpty() && authenticator.hasCredential());
        }
    }

    private synchronized String authenticate(Answer challenging, String sent) throws IOException, InterruptedException {
        // another thread has been here meanwhile
        if (authorization.equals(sent)) {
            Optional<String> authorized = authenticator.answer(this, registry, repository, challenging);
            if (authorized.isEmpty()) {
                throw challenging.refusal(!sent.isEmpty() && authenticator.hasCredential());
            }
            authorization = authorized.get();
        }
        return authorization;
    }

    private Answer follow(String method, URI start, String accept, long from, String authorized)
            throws IOException, InterruptedException {
        URI uri = start;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody());
            request.header("Accept", accept);
            if (from > 0) {
                request.header("Range", "bytes=" + from + "-");
            }
            if (!authorized.isEmpty() && Endpoints.sameOrigin(uri, registry)) {
                request.header("Authorization", authorized);
            }
            Answer answer = send(request);
            switch (answer.status()) {
                case 301, 302, 303, 307, 308 -> {
                    try (answer) {
                        uri = Endpoints.sentTo(registry, uri, answer.header("Location"));
                        answer.drain();
                    }
                }
                default -> {
                    return answer;
                }
            }
        }
        throw new RegistryFaultException("the registry redirects more than " + MAX_REDIRECTS + " times");
    }

    /** One request, without following anything. */
    Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpRequest sent = request.timeout(ANSWER_TIMEOUT)
                .header("User-Agent", "vmette")
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        HttpResponse<InputStream> response = http.get().send(sent, ignored -> new TimedBody(patience));
        return new Answer(sent.uri(), response.statusCode(), response.headers(), response.body());
    }
}
