package vmette.cli;

import static vmette.HostRoots.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A small real Debian, made by mmdebstrap from where this machine gets its packages; once for each clean build. {@code ./check} has it made while it
 * compiles.
 */
final class DebianRoot {
    private static final Path ARCHIVE = Path.of("target", "debian-root.tar").toAbsolutePath();

    private DebianRoot() {}

    /** As a tar archive, with owners and modes. */
    static Path archive() throws IOException {
        try (FileChannel lock = FileChannel.open(
                ARCHIVE.resolveSibling("debian-root.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock.lock();
            if (!Files.exists(ARCHIVE)) {
                host(Path.of("src", "test", "sh", "debian-root.sh").toString(), ARCHIVE.toString());
            }
        }
        return ARCHIVE;
    }

    /** Unpacked into this directory, which it makes. */
    static Path unpack(Path at) throws IOException {
        Files.createDirectories(at);
        // Not root, nobody can make its devices, and a guest has its own /dev.
        host("tar", "-C", at.toString(), "--exclude=./dev/*", "-xpf", archive().toString());
        return at;
    }
}
