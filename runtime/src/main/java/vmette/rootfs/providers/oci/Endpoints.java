package vmette.rootfs.providers.oci;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;

/** Where registries are, and where one may send us. */
final class Endpoints {
    private static final Pattern IPV4_LOOPBACK = Pattern.compile("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");

    private Endpoints() {}

    /** The root of a registry's API: HTTPS, and plain HTTP on this machine's own loopback unless the port is 443. */
    static URI of(String registry) {
        if (registry.equals(ImageReference.DOCKER_HUB)) {
            return URI.create("https://registry-1.docker.io");
        }
        URI uri = URI.create("https://" + registry);
        return isLoopback(uri) && uri.getPort() != 443 ? URI.create("http://" + registry) : uri;
    }

    static boolean isLoopback(URI uri) {
        String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
        return host.equals("localhost")
                || host.equals("[::1]")
                || IPV4_LOOPBACK.matcher(host).matches();
    }

    /** Scheme, host and port are the same: what is meant for one may be told to the other. */
    static boolean sameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }

    /**
     * Where a registry says to go instead, by a redirect or for a token. A registry elsewhere may not send us to this machine's services, and
     * none may send us over plain HTTP to another machine.
     *
     * @throws RegistryFaultException if it may not
     */
    static URI sentTo(URI registry, URI from, String target) throws RegistryFaultException {
        URI uri;
        try {
            if (target.isBlank()) {
                throw new IllegalArgumentException("empty");
            }
            uri = from.resolve(target.strip());
        } catch (IllegalArgumentException e) {
            throw new RegistryFaultException("the registry sends us to what is no address", e);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (uri.getHost() == null
                || uri.getRawUserInfo() != null
                || !(scheme.equals("https") || scheme.equals("http"))) {
            throw new RegistryFaultException("the registry sends us to what is no address of a web server");
        }
        String shown = scheme + "://" + OciJson.shown(uri.getRawAuthority());
        if (scheme.equals("http") && !isLoopback(uri)) {
            throw new RegistryFaultException("the registry sends us to " + shown + ", which is not encrypted");
        }
        if (isLoopback(uri) && !isLoopback(registry)) {
            throw new RegistryFaultException("the registry sends us to " + shown + ", a service of this machine");
        }
        return uri;
    }
}
