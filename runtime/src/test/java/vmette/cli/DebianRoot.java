package vmette.cli;

import static vmette.HostRoots.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A small real Debian, made by mmdebstrap from where this machine gets its packages; once for each clean build. */
final class DebianRoot {
    private static final Path ARCHIVE = Path.of("target", "debian-root.tar").toAbsolutePath();

    private DebianRoot() {}

    /** As a tar archive, with owners and modes. */
    static Path archive() throws IOException {
        try (FileChannel lock = FileChannel.open(
                ARCHIVE.resolveSibling("debian-root.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock.lock();
            if (!Files.exists(ARCHIVE)) {
                make();
            }
        }
        return ARCHIVE;
    }

    private static void make() throws IOException {
        Path unfinished = Files.createTempFile(ARCHIVE.getParent(), "debian-root", ".tar");
        List<String> command = new ArrayList<>(List.of(
                "mmdebstrap",
                "--quiet",
                "--variant=essential",
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--include=ca-certificates,mount",
                codename(),
                unfinished.toString()));
        try (Stream<Path> sources = sources()) {
            sources.map(Path::toString).forEach(command::add);
        }
        host(command.toArray(String[]::new));
        Files.move(unfinished, ARCHIVE, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String codename() throws IOException {
        String key = "VERSION_CODENAME=";
        try (Stream<String> lines = Files.lines(Path.of("/etc/os-release"))) {
            return lines.filter(line -> line.startsWith(key))
                    .map(line -> line.substring(key.length()))
                    .findFirst()
                    .orElse("stable");
        }
    }

    private static Stream<Path> sources() {
        return Stream.of("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")
                .map(Path::of)
                .filter(Files::isRegularFile);
    }

    /** Unpacked into this directory, which it makes. */
    static Path unpack(Path at) throws IOException {
        Files.createDirectories(at);
        // Not root, nobody can make its devices, and a guest has its own /dev.
        host("tar", "-C", at.toString(), "--exclude=./dev/*", "-xpf", archive().toString());
        return at;
    }
}
