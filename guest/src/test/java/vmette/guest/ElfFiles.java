package vmette.guest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Makes ELF files as small as they can be. */
final class ElfFiles {
    private ElfFiles() {}

    /** A kernel module that says this about itself. */
    static byte[] module(String depends, String release) {
        String modinfo = "license=GPL\0depends=" + depends + "\0vermagic=" + release + " SMP preempt\0";
        return withSection(".modinfo", modinfo.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] withSection(String name, byte[] content) {
        byte[] names = ("\0" + name + "\0.shstrtab\0").getBytes(StandardCharsets.US_ASCII);
        byte[] file = new byte[64 + content.length + names.length + 3 * 64];
        ByteBuffer elf = little(file);
        header(elf, 1);
        int contentAt = 64;
        int namesAt = contentAt + content.length;
        int table = namesAt + names.length;
        elf.putLong(40, table).putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 2);
        elf.position(contentAt).put(content).put(names);
        section(elf, table + 64, 1, contentAt, content.length);
        section(elf, table + 128, 2 + name.length(), namesAt, names.length);
        return file;
    }

    /** A vmlinux, which QEMU would boot if it has the note. */
    static byte[] vmlinux(boolean withPvhNote) {
        byte[] file = new byte[64 + 56 + 24];
        ByteBuffer elf = little(file);
        header(elf, 2);
        elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 1);
        elf.putInt(64, 4).putLong(64 + 8, 120).putLong(64 + 32, 24);
        elf.putInt(120, 4).putInt(124, 8).putInt(128, withPvhNote ? 18 : 17);
        elf.position(132).put("Xen\0".getBytes(StandardCharsets.US_ASCII));
        return file;
    }

    /** A bzImage with this release in its header and this payload. */
    static byte[] bzImage(String release, byte[] payload) {
        ByteArrayOutputStream image = new ByteArrayOutputStream();
        byte[] header = new byte[3 * 512];
        ByteBuffer setup = little(header);
        setup.put(0x1f1, (byte) 2).putShort(0x1fe, (short) 0xaa55).putInt(0x202, 0x53726448);
        setup.putShort(0x206, (short) 0x20f).putShort(0x20e, (short) 0x200);
        setup.putInt(0x248, 16).putInt(0x24c, payload.length);
        setup.position(0x400).put((release + " (builder@host) #1").getBytes(StandardCharsets.US_ASCII));
        image.writeBytes(header);
        image.writeBytes(new byte[16]);
        image.writeBytes(payload);
        image.writeBytes(new byte[100]);
        return image.toByteArray();
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void header(ByteBuffer elf, int type) {
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
        elf.putShort(16, (short) type).putShort(18, (short) 62);
    }

    private static void section(ByteBuffer elf, int at, int name, int offset, int size) {
        elf.putInt(at, name).putInt(at + 4, 1).putLong(at + 24, offset).putLong(at + 32, size);
    }
}
