package vmette.rootfs.providers.oci;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A reference to an image, read as Docker reads it: {@code [REGISTRY/]REPOSITORY[:TAG][@DIGEST]}. What comes before the first slash is a
 * registry if it has a dot, a colon or a capital letter, or is {@code localhost}; else the registry is {@code docker.io}, whose images without a
 * slash are in {@code library/}. Without tag and digest the tag is {@code latest}; a digest makes the tag meaningless.
 *
 * @param registry host, and port where one was given
 * @param repository the path in it
 * @param tag the tag; empty beside a digest
 * @param digest the manifest's digest, if given
 */
record ImageReference(String registry, String repository, String tag, Optional<Digest> digest) {
    static final String DOCKER_HUB = "docker.io";

    private static final int MAX_TEXT = 1024;
    private static final int MAX_REPOSITORY = 255;

    private static final Pattern HOST_LABEL = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-fA-F:]{2,45}]");
    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

    /** Empty where the text is no reference. */
    static Optional<ImageReference> parse(String text) {
        if (text.length() > MAX_TEXT) {
            return Optional.empty();
        }
        String rest = text;
        Optional<Digest> digest = Optional.empty();
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Digest.parse(rest.substring(at + 1));
            if (digest.isEmpty()) {
                return Optional.empty();
            }
            rest = rest.substring(0, at);
        }
        String tag = digest.isPresent() ? "" : "latest";
        int colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
        if (colon >= 0) {
            if (!TAG.matcher(rest.substring(colon + 1)).matches()) {
                return Optional.empty();
            }
            tag = digest.isPresent() ? "" : rest.substring(colon + 1);
            rest = rest.substring(0, colon);
        }
        int slash = rest.indexOf('/');
        boolean named = slash > 0 && namesRegistry(rest.substring(0, slash));
        String registry = named ? rest.substring(0, slash) : DOCKER_HUB;
        String repository = named ? rest.substring(slash + 1) : rest;
        if (registry.equals("index.docker.io")) {
            registry = DOCKER_HUB;
        }
        if (registry.equals(DOCKER_HUB) && repository.indexOf('/') < 0) {
            repository = "library/" + repository;
        }
        if (!isRegistry(registry) || !isRepository(repository)) {
            return Optional.empty();
        }
        return Optional.of(new ImageReference(registry, repository, tag, digest));
    }

    private static boolean namesRegistry(String first) {
        return first.indexOf('.') >= 0
                || first.indexOf(':') >= 0
                || first.equals("localhost")
                || first.chars().anyMatch(c -> c >= 'A' && c <= 'Z');
    }

    private static boolean isRegistry(String registry) {
        int end = registry.startsWith("[") ? registry.indexOf(']') + 1 : Math.max(registry.indexOf(':'), 0);
        String host = end == 0 ? registry : registry.substring(0, end);
        String port = registry.substring(host.length());
        if (!port.isEmpty() && !isPort(port)) {
            return false;
        }
        if (!isAddress(registry)) {
            return false;
        }
        if (host.startsWith("[")) {
            return IPV6.matcher(host).matches();
        }
        for (String label : host.split("\\.", -1)) {
            if (!HOST_LABEL.matcher(label).matches()) {
                return false;
            }
        }
        return host.length() <= 253;
    }

    /** RFC 2396: the last label begins with a letter unless it is an IPv4 address, and an IPv6 one is well-formed. */
    private static boolean isAddress(String registry) {
        try {
            return new URI("https://" + registry).parseServerAuthority().getHost() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean isPort(String port) {
        String digits = port.substring(1);
        return port.charAt(0) == ':'
                && !digits.isEmpty()
                && digits.length() <= 5
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                && Integer.parseInt(digits) >= 1
                && Integer.parseInt(digits) <= 65535;
    }

    private static boolean isRepository(String repository) {
        if (repository.length() > MAX_REPOSITORY) {
            return false;
        }
        for (String component : repository.split("/", -1)) {
            if (!COMPONENT.matcher(component).matches()) {
                return false;
            }
        }
        return true;
    }

    /** Tag or digest, as the registry is asked for it. */
    String version() {
        return digest.map(Digest::toString).orElse(tag);
    }

    /** In full: two references with the same text mean the same. */
    @Override
    public String toString() {
        return registry + "/" + repository + (digest.isPresent() ? "@" + digest.get() : ":" + tag);
    }
}
