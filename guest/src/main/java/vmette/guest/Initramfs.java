package vmette.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

/**
 * The archive that a guest's kernel unpacks before it starts PID 1: the agent and its modules under {@code /vmette}, and
 * either a small system around busybox or, before it, the user's own initramfs.
 *
 * <p>The kernel unpacks archives that follow one another, whatever each is compressed with, each beginning at a multiple of
 * four bytes (Documentation/driver-api/early-userspace/buffer-format.rst). Equal inputs give equal bytes.
 */
public final class Initramfs {
    /** Changes whenever the same inputs are to give other bytes. */
    private static final int FORMAT = 1;

    private static final Set<Integer> COMPRESSION_MAGICS = Set.of(
            // the first two bytes of what lib/decompress.c of the kernel takes: gzip twice, bzip2, lzma, xz, lzo, lz4,
            // zstd
            0x1f8b, 0x1f9e, 0x425a, 0x5d00, 0xfd37, 0x894c, 0x0221, 0x28b5);

    /** What the guest's first root file system is made of besides {@code /vmette}. */
    public sealed interface Base {}

    /**
     * Busybox and what its shell needs.
     *
     * @param binary a static busybox for x86-64
     * @param applets a file with the paths of its applets, one a line, as {@code busybox --list-full} prints them
     * @param identity what changes whenever either does
     */
    public record Busybox(Path binary, Path applets, String identity) implements Base {}

    /**
     * The user's own initramfs.
     *
     * @param archive a cpio archive, possibly compressed
     */
    public record UserArchive(Path archive) implements Base {
        /** @throws InvalidConfigException when it cannot be read or the kernel could not unpack it */
        public UserArchive {
            UserFile.readable("initramfs", "--initramfs", archive);
            requireUnpackable(archive);
        }
    }

    private Initramfs() {}

    /**
     * The archive of these inputs, made if it is not in the cache yet.
     *
     * @param cache the cache directory; the archive goes into {@code initramfs} in it
     * @param agent what becomes {@link GuestKernel#INIT}
     * @param modules what the agent is to load, in order
     * @param base the rest
     * @throws InvalidConfigException when an input of the user's cannot be read
     * @throws VmetteIoException when the cache cannot be written
     */
    public static Path cached(Path cache, GuestAgent agent, List<KernelModule> modules, Base base) {
        Path directory = cache.resolve("initramfs");
        String inputs = describe(agent, modules, base);
        Path archive = directory.resolve(Fingerprint.of(inputs) + ".cpio");
        if (Files.isRegularFile(archive)) {
            return archive;
        }
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            InitramfsWriter.removeAbandoned(directory, ".new-*.cpio");
            Path aside = Files.createTempFile(directory, ".new-", ".cpio");
            try {
                InitramfsWriter.write(aside, agent, modules, base);
                if (!describe(agent, modules, base).equals(inputs)) {
                    throw new VmetteIoException("the initramfs or a kernel module changed while " + archive
                            + " was made from it: try again when it is complete");
                }
                Files.move(aside, archive, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(aside);
            }
        } catch (NoSuchFileException e) {
            throw new VmetteIoException(
                    "cannot make the initramfs in " + directory + ": " + e.getMessage()
                            + " is missing; delete the cache directory " + cache + " if it was changed by hand",
                    e);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make the initramfs in " + directory + ": " + e
                            + "; check that there is space and that it may be written",
                    e);
        }
        return archive;
    }

    private static String describe(GuestAgent agent, List<KernelModule> modules, Base base) {
        StringBuilder text = new StringBuilder("format ").append(FORMAT);
        text.append("\nagent ").append(agent.executable().length);
        text.append(' ').append(Fingerprint.of(agent.executable()));
        for (KernelModule module : modules) {
            text.append("\nmodule ").append(module.name()).append(' ').append(module.identity());
        }
        text.append('\n');
        if (base instanceof Busybox busybox) {
            text.append("busybox ").append(busybox.identity());
        } else if (base instanceof UserArchive user) {
            text.append("user ").append(UserFile.identity(user.archive()));
        }
        return text.toString();
    }

    private static void requireUnpackable(Path archive) {
        byte[] magic = new byte[6];
        try (var in = Files.newInputStream(archive)) {
            in.readNBytes(magic, 0, magic.length);
        } catch (IOException e) {
            throw UserFile.unreadable("initramfs", archive, e);
        }
        boolean plain = magic[0] == '0'
                && magic[1] == '7'
                && magic[2] == '0'
                && magic[3] == '7'
                && magic[4] == '0'
                && (magic[5] == '1' || magic[5] == '2');
        if (!plain && !COMPRESSION_MAGICS.contains((magic[0] & 0xff) << 8 | (magic[1] & 0xff))) {
            throw new InvalidConfigException("the file " + archive
                    + " is not an initramfs (neither a cpio archive in the \"newc\" format nor a compressed one):"
                    + " --initramfs takes what `cpio -o -H newc` writes");
        }
    }
}
