package vmette.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An archive of the classes that a run loads (AppCDS), beside installed jars, for which alone it is good: a JVM that finds it unfit, another
 * one or of jars that were moved, starts without. In it is what the boot of a VM takes; where none can be booted, what it takes to try.
 */
final class ClassArchive {
    /** As the library looks for it. */
    static final String NAME = "classes.jsa";

    private static final long SECONDS = 120;

    /** From this version on the library has options that keep a JVM from warnings, and an archive is made as it is used. */
    private static final int WARNS = 24;

    private final Path home;

    /** @param home with the directory {@code lib} of jars, at its final place */
    ClassArchive(Path home) {
        this.home = home;
    }

    /**
     * Makes it. Takes some seconds.
     *
     * @return whether it is there
     */
    boolean make() throws IOException {
        Path real = home.toRealPath();
        Path classes = aside(real, "list");
        Path archive = aside(real, "jsa");
        try {
            String jars = classPath(real.resolve("lib"));
            java(
                    real,
                    List.of(
                            "-XX:DumpLoadedClassList=" + classes,
                            "-cp",
                            jars,
                            "vmette.cli.Main",
                            "run",
                            "--quiet",
                            "--offline",
                            "--exec",
                            "true"));
            boolean made = Files.exists(classes)
                    && java(
                            real,
                            List.of(
                                    "-Xshare:dump",
                                    "-XX:SharedClassListFile=" + classes,
                                    "-XX:SharedArchiveFile=" + archive,
                                    "-cp",
                                    jars))
                    && Files.exists(archive);
            if (made) {
                Files.setPosixFilePermissions(archive, PosixFilePermissions.fromString("rw-r--r--"));
                Files.move(archive, real.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
            }
            return made;
        } finally {
            Files.deleteIfExists(classes);
            Files.deleteIfExists(archive);
        }
    }

    private static Path aside(Path home, String what) {
        return home.resolve(
                "." + NAME + "." + what + "-" + ProcessHandle.current().pid());
    }

    /** The library's order, by bytes: an archive is bound to it. */
    private static String classPath(Path lib) throws IOException {
        try (Stream<Path> jars = Files.list(lib)) {
            return jars.map(Path::toString)
                    .filter(jar -> jar.endsWith(".jar"))
                    .sorted(Comparator.naturalOrder())
                    .collect(Collectors.joining(":"));
        }
    }

    /** With what of the library's options an archive or a start depends on. */
    private static boolean java(Path home, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-Xlog:disable",
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djna.boot.library.path=" + home.resolve("native"),
                "-Djna.platform.library.path=" + home.resolve("native"),
                // Not what the password file says: the kernel that is used, or fetched, is that of whoever installs.
                "-Duser.home=" + System.getProperty("user.home"),
                "-Djna.nosys=true",
                "-Djna.nounpack=true",
                "-DZstdNativePath=" + home.resolve("native").resolve("libzstd-jni.so")));
        if (Runtime.version().feature() >= WARNS) {
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        command.addAll(arguments);
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return process.waitFor(SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            process.destroyForcibly();
        }
    }
}
