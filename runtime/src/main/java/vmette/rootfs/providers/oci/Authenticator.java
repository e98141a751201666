package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Answers a registry's challenges: {@code Basic} with the credential itself, {@code Bearer} with a token that the token service gives for
 * it, or for nobody's. The credential is looked up once, when it is first wanted. Used by one thread at a time.
 */
final class Authenticator {
    private static final int MAX_TOKEN_ANSWER = 1 << 20;

    /** Where a credential comes from. */
    @FunctionalInterface
    interface Source {
        Optional<Credential> get() throws InterruptedException;
    }

    private final Source source;
    private boolean looked;
    private Optional<Credential> credential = Optional.empty();

    Authenticator(Source source) {
        this.source = source;
    }

    /** Whether one was found, once it was looked for. */
    synchronized boolean hasCredential() {
        return credential.isPresent();
    }

    /** The Authorization header that the registry wants; empty if there is none to be had. */
    synchronized Optional<String> answer(RegistryClient client, URI registry, String repository, Answer challenging)
            throws IOException, InterruptedException {
        if (!looked) {
            credential = source.get();
            looked = true;
        }
        List<AuthChallenge> challenges = challenging.headers().allValues("WWW-Authenticate").stream()
                .flatMap(header -> AuthChallenge.parse(header).stream())
                .toList();
        for (AuthChallenge challenge : challenges) {
            if (challenge.scheme().equals("bearer")) {
                return credential.orElse(null) instanceof Credential.Bearer bearer
                        ? header(bearer.token())
                        : token(client, registry, repository, challenge);
            }
        }
        for (AuthChallenge challenge : challenges) {
            if (challenge.scheme().equals("basic")) {
                return credential.orElse(null) instanceof Credential.Basic basic
                        ? Optional.of(basic.header())
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private Optional<String> token(RegistryClient client, URI registry, String repository, AuthChallenge challenge)
            throws IOException, InterruptedException {
        URI realm = Endpoints.sentTo(registry, registry, challenge.parameter("realm"));
        // of our own making: a registry must not choose what the token is good for
        String scope = "repository:" + repository + ":pull";
        String query = "service=" + encoded(challenge.parameter("service")) + "&scope=" + encoded(scope);
        HttpRequest.Builder request;
        if (credential.orElse(null) instanceof Credential.Identity identity) {
            String form = "grant_type=refresh_token&client_id=vmette&" + query + "&refresh_token="
                    + encoded(identity.token());
            request = HttpRequest.newBuilder(realm)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form));
        } else {
            String joint = realm.getRawQuery() == null ? "?" : "&";
            String base = realm.toString().replaceFirst("#.*", "");
            request = HttpRequest.newBuilder(URI.create(base + joint + query)).GET();
            if (credential.orElse(null) instanceof Credential.Basic basic) {
                request.header("Authorization", basic.header());
            }
        }
        try (Answer answer = client.send(request)) {
            if (answer.status() != 200) {
                throw answer.refusal(credential.isPresent());
            }
            return header(token(answer.bytes(MAX_TOKEN_ANSWER)));
        }
    }

    private static String token(byte[] answer) throws RegistryFaultException {
        JsonNode given;
        try {
            given = OciJson.object(answer, "the answer");
        } catch (InvalidImageException e) {
            // without the parser's words: they may show a piece of a token
            throw new RegistryFaultException("the token service's answer is not the JSON it should be");
        }
        String token = given.path("token").asText("");
        return token.isEmpty() ? given.path("access_token").asText("") : token;
    }

    private static Optional<String> header(String token) throws RegistryFaultException {
        if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new RegistryFaultException("the token is none that can be sent");
        }
        return Optional.of("Bearer " + token);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
