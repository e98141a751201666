package vmette.copy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Packs a directory of the host as a tar archive whose names begin with {@code ./}: files, directories and links of both kinds, with modes and
 * times; owners are the guest's root. Pipes, devices and sockets are left out. Links are not followed.
 */
public final class TreePacker {
    private static final int PERMISSIONS = 07777;
    private static final int BUFFER = 1 << 16;

    private final Path root;
    private final boolean rootToo;
    private final CopyProgress progress;
    // Where a file of several names was met first.
    private final Map<Object, String> linked = new HashMap<>();
    private final byte[] buffer = new byte[BUFFER];

    /**
     * @param root the directory; a link there is followed
     * @param rootToo whether the archive tells of the directory itself, so that it gives its mode and time to the one it is unpacked in
     */
    public TreePacker(Path root, boolean rootToo, CopyProgress progress) {
        this.root = root;
        this.rootToo = rootToo;
        this.progress = progress;
    }

    /** How many bytes of content there are. */
    public static long size(Path root) throws IOException {
        long[] sum = new long[1];
        Files.walkFileTree(root.toRealPath(), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                sum[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
                return FileVisitResult.CONTINUE;
            }
        });
        return sum[0];
    }

    /** Writes the whole archive. */
    public void writeTo(OutputStream out) throws IOException {
        TarArchiveOutputStream tar = new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        Path real = root.toRealPath();
        Files.walkFileTree(real, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                if (directory.equals(real) && !rootToo) {
                    return FileVisitResult.CONTINUE;
                }
                String name = name(real, directory) + "/";
                tar.putArchiveEntry(described(new TarArchiveEntry(name, TarConstants.LF_DIR), directory, attributes));
                tar.closeArchiveEntry();
                progress.entry();
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                pack(tar, file, name(real, file), attributes);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
        // Not closed: what is beneath is the caller's, and a failure must not be followed by an end.
        tar.finish();
        tar.flush();
    }

    private static String name(Path root, Path file) {
        String relative = root.relativize(file).toString();
        return relative.isEmpty() ? "." : "./" + relative;
    }

    private void pack(TarArchiveOutputStream tar, Path file, String name, BasicFileAttributes attributes)
            throws IOException {
        if (attributes.isSymbolicLink()) {
            TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
            entry.setLinkName(Files.readSymbolicLink(file).toString());
            tar.putArchiveEntry(described(entry, file, attributes));
        } else if (attributes.isRegularFile()) {
            String first = firstName(file, name, attributes);
            if (first == null) {
                packContent(tar, file, name, attributes);
            } else {
                TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_LINK);
                entry.setLinkName(first);
                tar.putArchiveEntry(described(entry, file, attributes));
            }
        } else {
            progress.leftOut(name, "a pipe, socket or device");
            return;
        }
        tar.closeArchiveEntry();
        progress.entry();
    }

    /** Null if it is the first, or has no other. */
    private String firstName(Path file, String name, BasicFileAttributes attributes) throws IOException {
        int names = (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
        return names > 1 && attributes.fileKey() != null ? linked.putIfAbsent(attributes.fileKey(), name) : null;
    }

    private void packContent(TarArchiveOutputStream tar, Path file, String name, BasicFileAttributes attributes)
            throws IOException {
        TarArchiveEntry entry = described(new TarArchiveEntry(name, TarConstants.LF_NORMAL), file, attributes);
        entry.setSize(attributes.size());
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            tar.putArchiveEntry(entry);
            for (long left = attributes.size(); left > 0; ) {
                int size = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (size < 0) {
                    throw new IOException(file + " shrank while it was read");
                }
                tar.write(buffer, 0, size);
                progress.bytes(size);
                left -= size;
            }
        }
    }

    private static TarArchiveEntry described(TarArchiveEntry entry, Path file, BasicFileAttributes attributes)
            throws IOException {
        entry.setMode((Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & PERMISSIONS);
        // To the second: what is finer takes an extended header for each file.
        entry.setLastModifiedTime(
                FileTime.fromMillis(Math.floorDiv(attributes.lastModifiedTime().toMillis(), 1000L) * 1000L));
        return entry;
    }
}
