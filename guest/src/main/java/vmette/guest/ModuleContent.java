package vmette.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;
import vmette.errors.InvalidConfigException;

/** Reads a kernel module's file, whatever it is compressed with. */
final class ModuleContent {
    private static final int MAX_SIZE = 64 << 20;
    private static final int MAX_XZ_MEMORY_KIB = 128 << 10;

    private ModuleContent() {}

    static byte[] read(Path file) {
        try (InputStream raw = Files.newInputStream(file);
                InputStream plain = uncompressed(raw, file)) {
            byte[] content = plain.readNBytes(MAX_SIZE + 1);
            if (content.length > MAX_SIZE) {
                throw new InvalidConfigException(
                        "the kernel module " + file + " is larger than " + (MAX_SIZE >> 20) + " MiB: it cannot be one");
            }
            return content;
        } catch (IOException e) {
            throw UserFile.unreadable("kernel module", file, e);
        }
    }

    private static InputStream uncompressed(InputStream raw, Path file) throws IOException {
        String name = file.getFileName().toString();
        if (name.endsWith(".xz")) {
            return new XZInputStream(raw, MAX_XZ_MEMORY_KIB);
        }
        if (name.endsWith(".gz")) {
            return new GZIPInputStream(raw);
        }
        if (name.endsWith(".zst")) {
            throw new InvalidConfigException(
                    "the kernel module " + file
                            + " is compressed with zstd, which vmette cannot read: give a directory with it uncompressed (unzstd)");
        }
        return raw;
    }
}
