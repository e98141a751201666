package vmette.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import vmette.errors.StartFailedException;
import vmette.process.Executables;

/** Makes file systems for scratch disks. */
final class Ext4 {
    private static final long FORMAT_SECONDS = 60;

    /** linux/ext4: s_magic of the superblock, which begins at 1024; mkfs writes it last. */
    private static final int MAGIC_AT = 1024 + 56;

    private static final int MAGIC = 0xEF53;

    private Ext4() {}

    /** The program that makes them. */
    static Path require() {
        return Executables.find("mkfs.ext4", List.of("/usr/sbin", "/sbin"))
                .orElseThrow(() -> new StartFailedException(
                        "a scratch disk needs mkfs.ext4, which is not here; on Debian: apt-get install e2fsprogs"));
    }

    /** The file has the size that the file system is to have. Blocks for the few ms that it takes. */
    static void format(Path file) throws IOException {
        Path program = require();
        // No journal: nobody is going to recover it. All else that takes time is left to the kernel.
        Process process = new ProcessBuilder(List.of(
                        program.toString(),
                        "-q",
                        "-F",
                        "-m",
                        "0",
                        "-O",
                        "^has_journal,^resize_inode",
                        "-E",
                        "lazy_itable_init=1,nodiscard,root_owner=0:0",
                        file.toString()))
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        try (InputStream said = process.getInputStream()) {
            String words = new String(said.readNBytes(2000), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(FORMAT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(program + " was not done within " + FORMAT_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(program + ": " + words);
            }
            requireMade(file, words);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** In a program that waits for any child (waitpid(-1)), the status of one that failed may be lost, which the JDK takes for 0. */
    static void requireMade(Path file, String words) throws IOException {
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "r")) {
            made.seek(MAGIC_AT);
            if (Short.toUnsignedInt(Short.reverseBytes(made.readShort())) != MAGIC) {
                throw new IOException("mkfs.ext4 left no file system in " + file + ": " + words);
            }
        }
    }
}
