package vmette.rootfs.providers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import vmette.errors.BadImageException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsRequest;

/** Makes images of archives, of this host or on a server. Thread-safe. */
public final class TarProvider extends SourceProvider {
    private final ImageStore store = new ImageStore();

    /** Needs nothing. */
    public TarProvider() {
        super("tar");
    }

    @Override
    public String description() {
        return "tar+file://PATH, tar+http://..., tar+https://...: an archive, plain or compressed with gzip or zstd";
    }

    @Override
    RootfsArtifact ofFile(Path file, RootfsRequest request) {
        try {
            if (Files.size(file) > request.maxBytes()) {
                throw new BadImageException(
                        file + " has more than " + request.maxBytes()
                                + " bytes, which is the most that is allowed; if it is to be trusted, raise vmette.rootfs.max-size");
            }
            String identity = FileIdentity.of(file);
            String digest = FileIdentity.sha256(file, request.cache());
            return image(digest, new FileLayer(file.toString(), file, identity), request);
        } catch (IOException e) {
            Interrupts.check("reading " + file, e);
            throw new VmetteIoException("cannot read the archive " + file + ": " + Reasons.of(e), e);
        }
    }

    /** The archive itself is needed no more once there is an image of it. */
    @Override
    RootfsArtifact ofServer(URI uri, RootfsRequest request) {
        Downloads downloads = new Downloads(request);
        try (Downloads.Fetched fetched = downloads.fetch(uri, digest -> store.has(key(digest), request))) {
            RootfsArtifact.Image image =
                    image(fetched.sha256(), new FileLayer(uri.toString(), fetched.file(), fetched.identity()), request);
            fetched.discard();
            return image;
        }
    }

    private RootfsArtifact.Image image(String digest, LayerSource layer, RootfsRequest request) {
        return store.image(key(digest), ImageDefaults.NONE, List.of(layer), request);
    }

    private static String key(String digest) {
        return "tar sha256:" + digest;
    }
}
