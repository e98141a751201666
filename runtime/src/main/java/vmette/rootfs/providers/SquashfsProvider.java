package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.file.Path;
import vmette.errors.BadImageException;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** Uses squashfs images as they are: of this host in their place, of a server from the cache. Thread-safe. */
public final class SquashfsProvider implements RootfsProvider {
    /** Needs nothing. */
    public SquashfsProvider() {}

    @Override
    public String name() {
        return "squashfs";
    }

    @Override
    public String description() {
        return "squashfs+file://PATH, squashfs+http://..., squashfs+https://...: a squashfs image";
    }

    @Override
    public boolean accepts(String spec) {
        return SourceSpec.matches(name(), spec);
    }

    @Override
    public RootfsArtifact resolve(RootfsRequest request) {
        SourceSpec source = SourceSpec.parse(name(), request.spec());
        if (source instanceof SourceSpec.LocalFile file) {
            check(file.path(), file.path().toString());
            return new RootfsArtifact.Image(file.path(), ImageFormat.SQUASHFS, ImageDefaults.NONE);
        }
        SourceSpec.Remote remote = (SourceSpec.Remote) source;
        Downloads.Fetched fetched = new Downloads(request).fetch(remote.uri(), digest -> false);
        try {
            check(fetched.file(), remote.uri().toString());
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
