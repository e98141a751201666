package vmette;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
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
            "df");

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
}
