package vmette.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;
import vmette.errors.InvalidConfigException;

/**
 * One module that the guest is to load.
 *
 * @param name the kernel's name for it, with underscores
 * @param file where it is; {@code .ko}, {@code .ko.gz} or {@code .ko.xz}
 * @param identity what changes whenever the file's content does
 */
public record KernelModule(String name, Path file, String identity) {
    private static final int MAX_SIZE = 64 << 20;
    private static final int MAX_XZ_MEMORY_KIB = 128 << 10;

    /**
     * The module itself, uncompressed, at most 64 MiB.
     *
     * @throws InvalidConfigException when it cannot be read, is larger, or is compressed in another way
     */
    public byte[] content() {
        try (InputStream raw = Files.newInputStream(file);
                InputStream plain = uncompressed(raw)) {
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

    private InputStream uncompressed(InputStream raw) throws IOException {
        String fileName = file.getFileName().toString();
        if (fileName.endsWith(".xz")) {
            return new XZInputStream(raw, MAX_XZ_MEMORY_KIB);
        }
        if (fileName.endsWith(".gz")) {
            return new GZIPInputStream(raw);
        }
        if (fileName.endsWith(".zst")) {
            throw new InvalidConfigException(
                    "the kernel module " + file
                            + " is compressed with zstd, which vmette cannot read: give a directory with it uncompressed (unzstd)");
        }
        return raw;
    }
}
