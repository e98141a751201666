package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** What {@code docker login} has left: {@code config.json} with credentials, or with the names of programs that keep them. */
final class DockerConfig {
    private static final String HUB_KEY = "https://index.docker.io/v1/";
    private static final Pattern HELPER_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private final Path file;
    private final String searchPath;

    DockerConfig(Path file, String searchPath) {
        this.file = file;
        this.searchPath = searchPath;
    }

    /** As {@link Credentials#find}: the registry's own helper, else the helper of all, else what is in the file itself. */
    Optional<Credential> find(String registry, Consumer<String> warn) throws InterruptedException {
        JsonNode config;
        try {
            if (!Files.exists(file)) {
                return Optional.empty();
            }
            config = OciJson.object(read(), file.toString());
        } catch (IOException e) {
            // the parser's words could show a piece of the file
            warn.accept("warning: " + file + " cannot be read as JSON; asking " + registry + " without a credential");
            return Optional.empty();
        }
        for (String key : keys(registry)) {
            String helper = config.path("credHelpers").path(key).asText("");
            if (!helper.isEmpty()) {
                return ask(helper, key, warn);
            }
        }
        String store = config.path("credsStore").asText("");
        if (!store.isEmpty()) {
            for (String key : keys(registry)) {
                Optional<Credential> found = ask(store, key, warn);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        for (String key : keys(registry)) {
            JsonNode auth = config.path("auths").path(key);
            if (auth.isObject()) {
                Optional<Credential> found = stored(auth);
                if (found.isEmpty() && auth.has("auth")) {
                    warn.accept("warning: what " + file + " says of " + registry
                            + " makes no sense; log in anew with docker login");
                }
                return found;
            }
        }
        return Optional.empty();
    }

    /** The names under which Docker has kept a registry, in the order of their age. */
    private static List<String> keys(String registry) {
        return registry.equals(ImageReference.DOCKER_HUB)
                ? List.of(HUB_KEY, registry, "index.docker.io", "https://index.docker.io")
                : List.of(
                        registry,
                        "https://" + registry,
                        "https://" + registry + "/v1/",
                        "https://" + registry + "/v2/");
    }

    private byte[] read() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(OciJson.MAX_BYTES + 1);
        }
    }

    private static Optional<Credential> stored(JsonNode auth) {
        String identity = auth.path("identitytoken").asText("");
        if (!identity.isEmpty()) {
            return Optional.of(new Credential.Identity(identity));
        }
        String user = auth.path("username").asText("");
        String secret = auth.path("password").asText("");
        String encoded = auth.path("auth").asText("");
        if (!encoded.isEmpty()) {
            try {
                String pair = new String(Base64.getDecoder().decode(encoded.strip()), StandardCharsets.UTF_8);
                int colon = pair.indexOf(':');
                if (colon < 1) {
                    return Optional.empty();
                }
                user = pair.substring(0, colon);
                // Docker pads with NULs
                secret = pair.substring(colon + 1).replaceAll("\0+$", "");
            } catch (IllegalArgumentException noBase64) {
                return Optional.empty();
            }
        }
        return user.isEmpty() ? Optional.empty() : Optional.of(new Credential.Basic(user, secret));
    }

    private Optional<Credential> ask(String helper, String key, Consumer<String> warn) throws InterruptedException {
        if (!HELPER_NAME.matcher(helper).matches()) {
            warn.accept("warning: " + file + " names a credential helper that is no program's name; it is not run");
            return Optional.empty();
        }
        return new CredentialHelper("docker-credential-" + helper, searchPath).get(key, warn);
    }
}
