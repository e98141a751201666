package vmette.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
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

    /**
     * Puts a file system on a file that has the size that it is to have. Blocks for the few ms that it takes.
     *
     * @param open the same file, readable: a descriptor of its own would, when it is closed, end the locks that this process has on it
     */
    static void format(Path file, FileChannel open) throws IOException {
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
            requireMade(open, words);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** In a program that waits for any child (waitpid(-1)), the status of one that failed may be lost, which the JDK takes for 0. */
    static void requireMade(FileChannel open, String words) throws IOException {
        ByteBuffer magic = ByteBuffer.allocate(Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (open.read(magic, MAGIC_AT) != Short.BYTES || Short.toUnsignedInt(magic.getShort(0)) != MAGIC) {
            throw new IOException("mkfs.ext4 left no file system: " + words);
        }
    }
}
