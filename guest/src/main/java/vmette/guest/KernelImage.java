package vmette.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * A file that QEMU can boot as a kernel.
 *
 * @param file the file
 * @param bzImage whether it is a bzImage; else a vmlinux with a PVH entry
 * @param release what its header says uname(2) is going to tell; the empty string when it does not, as in a vmlinux
 */
record KernelImage(Path file, boolean bzImage, String release) {
    // Documentation/arch/x86/boot.rst of the kernel: offsets in the setup header
    private static final int BOOT_FLAG = 0x1fe;
    private static final int MAGIC = 0x202;
    private static final int VERSION_POINTER = 0x20e;
    private static final int HEADER_END = 0x268;

    /** XEN_ELFNOTE_PHYS32_ENTRY (include/xen/interface/elfnote.h): the entry that QEMU boots an ELF file by. */
    private static final int PVH_ENTRY_NOTE = 18;

    private static final int MAX_RELEASE = 256;

    /** What the user gave with {@code --kernel}. */
    static KernelImage ofUser(Path file) {
        UserFile.readable("kernel", "--kernel", file);
        try (FileChannel channel = FileChannel.open(file)) {
            Optional<String> release = bzImageRelease(channel);
            if (release.isPresent()) {
                return new KernelImage(file, true, release.get());
            }
            ElfReader elf = new ElfReader(ElfReader.of(channel));
            if (elf.type() == ElfReader.EXECUTABLE && elf.machine() == ElfReader.MACHINE_X86_64) {
                if (elf.hasNote("Xen", PVH_ENTRY_NOTE)) {
                    return new KernelImage(file, false, "");
                }
                throw new InvalidConfigException("the file " + file
                        + " is an ELF executable without a PVH entry: either it is no kernel, or QEMU"
                        + " cannot boot it; build the kernel with CONFIG_PVH=y, or give its bzImage");
            }
            throw notAKernel(file, null);
        } catch (ElfReader.MalformedElfException e) {
            throw notAKernel(file, e);
        } catch (IOException e) {
            throw UserFile.unreadable("kernel", file, e);
        }
    }

    /** Whether the file is a vmlinux that QEMU can boot. */
    static boolean isBootableVmlinux(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ElfReader elf = new ElfReader(ElfReader.of(channel));
            return elf.type() == ElfReader.EXECUTABLE
                    && elf.machine() == ElfReader.MACHINE_X86_64
                    && elf.hasNote("Xen", PVH_ENTRY_NOTE);
        } catch (ElfReader.MalformedElfException e) {
            return false;
        }
    }

    private static InvalidConfigException notAKernel(Path file, Exception cause) {
        return new InvalidConfigException(
                "the file " + file + " is not a Linux kernel (neither bzImage nor vmlinux) for x86-64:"
                        + " --kernel takes one as in /boot/vmlinuz-VERSION",
                cause);
    }

    /** The release in a bzImage's header, which may be empty; nothing when the file is no bzImage. */
    private static Optional<String> bzImageRelease(FileChannel channel) throws IOException {
        if (channel.size() < HEADER_END) {
            return Optional.empty();
        }
        ByteBuffer header = read(channel, 0, HEADER_END);
        if (header.getShort(BOOT_FLAG) != (short) 0xaa55 || header.getInt(MAGIC) != 0x53726448) {
            return Optional.empty();
        }
        int pointer = header.getShort(VERSION_POINTER) & 0xffff;
        long at = pointer + 0x200L;
        if (pointer == 0 || at >= channel.size()) {
            return Optional.of("");
        }
        ByteBuffer text = read(channel, at, (int) Math.min(MAX_RELEASE, channel.size() - at));
        String version = StandardCharsets.ISO_8859_1.decode(text).toString();
        int end = 0;
        while (end < version.length() && version.charAt(end) > ' ' && version.charAt(end) < 0x7f) {
            end++;
        }
        return Optional.of(version.substring(0, end));
    }

    private static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
        return ElfReader.of(channel).read(offset, length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
