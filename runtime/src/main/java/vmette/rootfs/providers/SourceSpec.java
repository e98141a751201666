package vmette.rootfs.providers;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import vmette.errors.InvalidConfigException;

/** A specification of the form {@code KIND+SCHEME:...}: where something is. */
sealed interface SourceSpec {
    /** A file of this host; absolute. */
    record LocalFile(Path path) implements SourceSpec {}

    /** On a server. */
    record Remote(URI uri) implements SourceSpec {}

    /** Whether the specification has this form. */
    static boolean matches(String kind, String spec) {
        return List.of("file:", "http://", "https://").stream().anyMatch(each -> spec.startsWith(kind + "+" + each));
    }

    /**
     * Reads one that {@link #matches}.
     *
     * @throws InvalidConfigException if nothing can be there
     */
    static SourceSpec parse(String kind, String spec) {
        String rest = spec.substring(kind.length() + 1);
        return rest.startsWith("file:") ? file(spec, rest.substring("file:".length())) : remote(spec, rest);
    }

    private static LocalFile file(String spec, String rest) {
        String name = rest.startsWith("//") ? rest.substring(2) : rest;
        if (name.startsWith("~/")) {
            name = System.getProperty("user.home") + name.substring(1);
        }
        try {
            Path path = Path.of(name).toAbsolutePath().normalize();
            if (name.isEmpty() || !Files.isRegularFile(path)) {
                throw new InvalidConfigException("the root file system '" + spec + "' is not there: '" + path
                        + (Files.exists(path) ? "' is no file" : "' does not exist") + "; name a file");
            }
            return new LocalFile(path);
        } catch (InvalidPathException e) {
            throw new InvalidConfigException("the root file system '" + spec + "' can be no file: " + e.getReason(), e);
        }
    }

    private static Remote remote(String spec, String rest) {
        try {
            URI uri = new URI(rest);
            if (uri.getHost() == null || uri.getRawUserInfo() != null || uri.getRawFragment() != null) {
                throw new InvalidConfigException(
                        "the root file system's address has to be http[s]://HOST[:PORT]/PATH, without a user's name or a fragment");
            }
            return new Remote(uri);
        } catch (URISyntaxException e) {
            throw new InvalidConfigException("the root file system '" + spec + "' is no address: " + e.getReason(), e);
        }
    }
}
