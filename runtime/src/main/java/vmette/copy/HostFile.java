package vmette.copy;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;

/**
 * A file of the host that is written aside and put in its place whole. Until then it has a name that begins with {@code .vmette-} and is removed when it is closed, also by
 * the end of this JVM.
 */
final class HostFile implements Closeable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BUFFER = 1 << 16;

    private final Path place;
    private final Path aside;
    private final Thread remover;

    HostFile(Path place) {
        this.place = place;
        this.aside = place.resolveSibling(String.format(".vmette-%016x", RANDOM.nextLong()));
        this.remover = new Thread(this::remove, "vmette-copy-remove");
    }

    /** Writes the content and puts the file in place. */
    void write(InputStream content, int mode, CopyProgress progress) throws IOException {
        if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(place.toString(), null, "is a directory");
        }
        Runtime.getRuntime().addShutdownHook(remover);
        try (OutputStream out = create()) {
            byte[] buffer = new byte[BUFFER];
            for (int size = content.read(buffer); size >= 0; size = content.read(buffer)) {
                out.write(buffer, 0, size);
                progress.bytes(size);
            }
        }
        Files.setAttribute(aside, "unix:mode", mode, LinkOption.NOFOLLOW_LINKS);
    }

    private OutputStream create() throws IOException {
        try {
            return Channels.newOutputStream(FileChannel.open(
                    aside,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(place.toString());
        } catch (AccessDeniedException e) {
            throw new AccessDeniedException(place.toString());
        } catch (FileSystemException e) {
            throw new FileSystemException(place.toString(), null, e.getReason());
        }
    }

    Path aside() {
        return aside;
    }

    void commit() throws IOException {
        Files.move(aside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void remove() {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException e) {
            // Its directory can be written to no more; nothing is to be done.
        }
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(remover);
        } catch (IllegalStateException ending) {
            // Then it runs.
        }
    }
}
