package vmette.rootfs.providers.oci;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import vmette.errors.InvalidConfigException;

/** Finds the credential for a registry: the environment's own variables, then Docker's configuration. */
final class Credentials {
    private static final String AUTH_PREFIX = "VMETTE_OCI_AUTH_";
    private static final String TOKEN = "VMETTE_OCI_TOKEN";
    private static final String USER = "VMETTE_OCI_USER";

    private final Map<String, String> environment;
    private final DockerConfig docker;

    /**
     * @param environment of this process
     * @param home the user's home directory
     */
    Credentials(Map<String, String> environment, Path home) {
        this.environment = Map.copyOf(environment);
        String directory = environment.getOrDefault("DOCKER_CONFIG", "");
        this.docker = new DockerConfig(
                (directory.startsWith("/") ? Path.of(directory) : home.resolve(".docker")).resolve("config.json"),
                environment.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    }

    /**
     * The credential for a registry; empty: ask as nobody.
     *
     * @param registry host and port as in the reference
     * @param warn told in one line, without a secret, what could not be used
     * @throws InvalidConfigException if a variable of ours is there and makes no sense
     */
    Optional<Credential> find(String registry, Consumer<String> warn) throws InterruptedException {
        String variable = variable(registry);
        String pair = environment.getOrDefault(variable, "");
        if (!pair.isEmpty()) {
            int colon = pair.indexOf(':');
            if (colon < 1) {
                throw new InvalidConfigException(
                        "the environment's " + variable + " is not user:secret; set it so, or unset it");
            }
            return Optional.of(new Credential.Basic(pair.substring(0, colon), pair.substring(colon + 1)));
        }
        String token = environment.getOrDefault(TOKEN, "");
        if (!token.isEmpty()) {
            String user = environment.getOrDefault(USER, "");
            return Optional.of(user.isEmpty() ? new Credential.Bearer(token) : new Credential.Basic(user, token));
        }
        return docker.find(registry, warn);
    }

    /** The variable that has a registry's user and secret. */
    static String variable(String registry) {
        return AUTH_PREFIX + registry.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }
}
