package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import vmette.config.RuntimeSettings;

/** Small root file systems on the host, made of the busybox that a VM has been booted with before. */
public final class HostRoots {
    private static final List<String> APPLETS = List.of(
            "sh",
            "cat",
            "ls",
            "touch",
            "mount",
            "umount",
            "mkdir",
            "dd",
            "id",
            "stat",
            "wc",
            "echo",
            "sync",
            "readlink",
            "chroot",
            "grep",
            "sha256sum",
            "test",
            "rm",
            "env",
            "head",
            "chmod",
            "blockdev",
            "pwd",
            "df");

    private static final long HOST_SECONDS = 600;

    private HostRoots() {}

    /** A root with busybox in {@code bin}, and no mount points. */
    public static Path busybox(Path at, RuntimeSettings settings) throws IOException {
        Path bin = Files.createDirectories(at.resolve("bin"));
        Path busybox = bin.resolve("busybox");
        Files.copy(found(settings), busybox);
        Files.setPosixFilePermissions(busybox, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String applet : APPLETS) {
            Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
        }
        Files.createDirectories(at.resolve("etc"));
        Files.writeString(
                at.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n");
        Files.writeString(at.resolve("etc/group"), "root:x:0:\napp:x:1001:\nstaff:x:50:app\n");
        Files.writeString(at.resolve("marker"), "from the host\n");
        return at;
    }

    private static Path found(RuntimeSettings settings) throws IOException {
        try (Stream<Path> files = Files.walk(settings.cacheDir().resolve("guest"))) {
            return files.filter(file -> file.getFileName().toString().equals("busybox"))
                    .filter(Files::isRegularFile)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no VM has been booted before"));
        }
    }

    /**
     * Copies a program of the host with the libraries that it loads into a root.
     *
     * @return false: this host has no such program
     */
    static boolean program(Path root, String name) throws IOException {
        Path program = Stream.of(System.getenv("PATH").split(":"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        if (program == null) {
            return false;
        }
        Files.copy(program, root.resolve("bin").resolve(name));
        Process ldd = new ProcessBuilder("ldd", program.toString()).start();
        String libraries = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        for (MatchResult library :
                Pattern.compile("(/\\S+) \\(0x").matcher(libraries).results().toList()) {
            Path file = Path.of(library.group(1));
            Path copy = root.resolve(file.toString().substring(1));
            Files.createDirectories(copy.getParent());
            Files.copy(file.toRealPath(), copy);
        }
        return true;
    }

    /** Runs a program of the host, which must succeed; what it says is shown if it does not. */
    public static void host(String... command) throws IOException {
        Path log = Files.createTempFile("host", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(HOST_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0)
                    .as("%s: %s", String.join(" ", command), Files.readString(log))
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            process.destroyForcibly();
            Files.delete(log);
        }
    }

    /** Of each file what every change of it changes: the kernel sets {@code ctime}, and nobody can set it back. */
    public static Map<String, String> everything(Path tree) throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Map<String, Object> now = new TreeMap<>(
                        Files.readAttributes(file, "unix:ctime,mode,uid,gid,ino,size", LinkOption.NOFOLLOW_LINKS));
                all.put(tree.relativize(file).toString(), now.toString());
            }
        }
        return all;
    }
}
