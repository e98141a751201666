package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import vmette.errors.InvalidConfigException;
import vmette.process.RuntimeDirectory;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** A directory of the host, shared read-only by virtio-fs, or made into an image where one is asked for. */
public final class DirectoryProvider implements RootfsProvider {
    private final DirectoryImage images = new DirectoryImage();

    @Override
    public String name() {
        return "dir";
    }

    @Override
    public String description() {
        return "a directory of this host: /PATH, ./PATH, ../PATH, ~/PATH, or the name of one";
    }

    @Override
    public boolean accepts(String spec) {
        if (spec.startsWith("/")
                || spec.startsWith("./")
                || spec.startsWith("../")
                || spec.startsWith("~/")
                || spec.equals(".")
                || spec.equals("..")) {
            return true;
        }
        try {
            // A file of that name is refused here, and no image of a registry.
            return Files.exists(Path.of(spec));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    @Override
    public RootfsArtifact resolve(RootfsRequest request) {
        String spec = request.spec();
        Path path;
        try {
            path = Path.of(spec.startsWith("~/") ? System.getProperty("user.home") + spec.substring(1) : spec);
        } catch (InvalidPathException e) {
            throw new InvalidConfigException("rootfs = " + spec + " is not a path: " + e.getReason(), e);
        }
        if (!Files.exists(path)) {
            throw new InvalidConfigException("rootfs = " + spec + " is refused: there is no such directory");
        }
        if (!Files.isDirectory(path)) {
            throw new InvalidConfigException(
                    "rootfs = " + spec
                            + " is refused: it is not a directory; an image is given as squashfs+file:///PATH, an archive as tar+file:///PATH");
        }
        if (!request.asImage()) {
            checkOwner(spec, path);
        }
        try {
            if (request.asImage()) {
                return images.image(path.toRealPath(), request);
            }
            return new RootfsArtifact.Directory(path.toRealPath());
        } catch (IOException e) {
            throw new InvalidConfigException("rootfs = " + spec + " cannot be looked at: " + e.getMessage(), e);
        }
    }

    /**
     * Overlayfs opens files with O_NOATIME, which the kernel of the host grants to their owner and to root; the daemon that shares them is the
     * user's.
     */
    private static void checkOwner(String spec, Path directory) {
        try {
            Object owner = Files.getAttribute(directory, "unix:uid");
            if (!RuntimeDirectory.isRoot() && !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                throw new InvalidConfigException("rootfs = " + spec + " is refused: it belongs to user " + owner
                        + ", and what an ordinary user shares with a guest as its root has to be his own; copy it (cp -r), make it an"
                        + " image with --rootfs-image, or run this as root");
            }
        } catch (IOException e) {
            throw new InvalidConfigException("rootfs = " + spec + " cannot be looked at: " + e.getMessage(), e);
        }
    }
}
