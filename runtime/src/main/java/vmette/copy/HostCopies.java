package vmette.copy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Single files of the host. */
public final class HostCopies {
    private static final int PERMISSIONS = 07777;
    private static final int SPECIAL = 07000;
    private static final int BUFFER = 1 << 16;

    private HostCopies() {}

    /** The permission bits of a file, links followed. */
    public static int mode(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:mode") & PERMISSIONS;
    }

    /** Without setuid, setgid and sticky. */
    public static int plain(int mode) {
        return mode & ~SPECIAL;
    }

    /** Sends what a file holds. */
    public static void send(Path file, OutputStream out, CopyProgress progress) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[BUFFER];
            for (int size = in.read(buffer); size >= 0; size = in.read(buffer)) {
                out.write(buffer, 0, size);
                progress.bytes(size);
            }
        }
        progress.entry();
    }

    /** Takes a file's content; a link in its place is followed, and whatever goes wrong leaves the old file. */
    public static void receive(InputStream content, Path file, int mode, CopyProgress progress) throws IOException {
        Path place = Files.exists(file) ? file.toRealPath() : file;
        try (HostFile written = new HostFile(place)) {
            written.write(content, mode, progress);
            written.commit();
        }
        progress.entry();
    }
}
