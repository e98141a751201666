package vmette.guest;

import java.nio.file.Path;
import vmette.errors.InvalidConfigException;

/**
 * One module that the guest is to load.
 *
 * @param name the kernel's name for it, with underscores
 * @param file where it is; {@code .ko}, {@code .ko.gz} or {@code .ko.xz}
 * @param identity what changes whenever the file's content does
 */
public record KernelModule(String name, Path file, String identity) {
    /**
     * The module itself, uncompressed, at most 64 MiB.
     *
     * @throws InvalidConfigException when it cannot be read, is larger, or is compressed in another way
     */
    public byte[] content() {
        return ModuleContent.read(file);
    }
}
