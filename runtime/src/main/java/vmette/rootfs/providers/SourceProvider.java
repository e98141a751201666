package vmette.rootfs.providers;

import java.net.URI;
import java.nio.file.Path;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** Takes {@code NAME+file:...}, {@code NAME+http://...} and {@code NAME+https://...}: see {@link SourceSpec}. */
abstract class SourceProvider implements RootfsProvider {
    private final String name;

    SourceProvider(String name) {
        this.name = name;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final boolean accepts(String spec) {
        return SourceSpec.matches(name, spec);
    }

    @Override
    public final RootfsArtifact resolve(RootfsRequest request) {
        SourceSpec source = SourceSpec.parse(name, request.spec());
        return source instanceof SourceSpec.LocalFile file
                ? ofFile(file.path(), request)
                : ofServer(((SourceSpec.Remote) source).uri(), request);
    }

    abstract RootfsArtifact ofFile(Path file, RootfsRequest request);

    abstract RootfsArtifact ofServer(URI uri, RootfsRequest request);
}
