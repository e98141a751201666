package vmette.rootfs.providers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import vmette.errors.BadImageException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsRequest;

/** Uses squashfs images as they are: of this host in their place, of a server from the cache. Thread-safe. */
public final class SquashfsProvider extends SourceProvider {
    /** Needs nothing. */
    public SquashfsProvider() {
        super("squashfs");
    }

    @Override
    public String description() {
        return "squashfs+file://PATH, squashfs+http://..., squashfs+https://...: a squashfs image";
    }

    @Override
    RootfsArtifact ofFile(Path file, RootfsRequest request) {
        check(file, file.toString());
        return new RootfsArtifact.Image(file, ImageFormat.SQUASHFS, ImageDefaults.NONE);
    }

    @Override
    RootfsArtifact ofServer(URI uri, RootfsRequest request) {
        Downloads.Fetched fetched = new Downloads(request).fetch(uri, digest -> false);
        try {
            check(fetched.file(), uri.toString());
        } catch (RuntimeException e) {
            fetched.close();
            throw e;
        }
        return new RootfsArtifact.Image(fetched.file(), ImageFormat.SQUASHFS, ImageDefaults.NONE, fetched::close);
    }

    private static void check(Path image, String name) {
        try {
            Squashfs.read(image);
        } catch (TarFormatException e) {
            throw new BadImageException(name + " is no image that a guest can mount: " + e.getMessage(), e);
        } catch (IOException e) {
            Interrupts.check("reading " + name, e);
            throw new VmetteIoException("cannot read the image " + name + ": " + Reasons.of(e), e);
        }
    }
}
