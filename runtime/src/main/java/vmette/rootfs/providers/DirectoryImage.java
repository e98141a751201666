package vmette.rootfs.providers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import vmette.errors.BadImageException;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsRequest;

/**
 * Makes an image of a directory of this host, with owners, modes, times and extended attributes as they are there. Sockets are left out,
 * what other file systems have that are mounted in it, and what the cache has. Thread-safe.
 */
public final class DirectoryImage {
    private final ImageStore store = new ImageStore();

    /** Needs nothing. */
    public DirectoryImage() {}

    /**
     * The image of what the directory holds now. It is made again when anything in the tree has changed, which is seen by inodes, sizes and times.
     *
     * @param directory absolute
     * @return holds the image in the cache until it is closed
     */
    public RootfsArtifact.Image image(Path directory, RootfsRequest request) {
        if (!directory.isAbsolute() || !Files.isDirectory(directory)) {
            throw new InvalidConfigException("'" + directory + "' cannot be made an image of: it is no directory");
        }
        try {
            Path real = directory.toRealPath();
            Path cache = request.cache().toRealPath();
            String before = fingerprint(real, cache);
            LayerSource layer = new LayerSource() {
                @Override
                public String name() {
                    return directory.toString();
                }

                @Override
                public InputStream open() throws IOException {
                    return new DirectoryTar(real, cache) {
                        @Override
                        public int read(byte[] to, int offset, int length) throws IOException {
                            int count = super.read(to, offset, length);
                            if (count < 0 && !fingerprint(real, cache).equals(before)) {
                                throw new IOException("it changed while it was read");
                            }
                            return count;
                        }
                    };
                }
            };
            return store.image("directory " + real + " " + before, ImageDefaults.NONE, List.of(layer), request);
        } catch (TarFormatException e) {
            throw new BadImageException("cannot make an image of " + directory + ": " + e.getMessage(), e);
        } catch (IOException e) {
            Interrupts.check("reading " + directory, e);
            throw new VmetteIoException(
                    "cannot read all of " + directory + ": " + Reasons.of(e)
                            + "; check that this user may read what is in it",
                    e);
        }
    }

    private static String fingerprint(Path directory, Path leftOut) throws IOException {
        MessageDigest digest = CacheFiles.digest();
        DirectoryWalk walk = new DirectoryWalk(directory, leftOut);
        for (DirectoryWalk.Found found = walk.next(); found != null; found = walk.next()) {
            Interrupts.check("reading " + directory);
            digest.update(CacheFiles.bytes(found.identity() + "\0\0"));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
