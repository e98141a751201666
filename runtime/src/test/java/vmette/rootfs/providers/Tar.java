package vmette.rootfs.providers;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** Makes archives in memory, also such as nobody should make. */
final class Tar {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarWriter writer = new TarWriter(bytes);

    Tar add(TarEntry entry, String content) {
        return run(() -> {
            byte[] written = content.getBytes(StandardCharsets.ISO_8859_1);
            writer.entry(entry);
            writer.content(written, written.length);
            writer.pad(written.length);
        });
    }

    Tar file(String name, String content) {
        return add(entry(name, EntryKind.FILE, 0644, content.length(), "", Map.of()), content);
    }

    Tar directory(String name, int mode) {
        return add(entry(name, EntryKind.DIRECTORY, mode, 0, "", Map.of()), "");
    }

    Tar symlink(String name, String target) {
        return add(entry(name, EntryKind.SYMBOLIC_LINK, 0777, 0, target, Map.of()), "");
    }

    Tar hardLink(String name, String target) {
        return add(entry(name, EntryKind.HARD_LINK, 0644, 0, target, Map.of()), "");
    }

    Tar raw(byte[] block) {
        bytes.writeBytes(block);
        return this;
    }

    /** Without the zeroes at the end. */
    byte[] open() {
        return bytes.toByteArray();
    }

    byte[] bytes() {
        run(writer::end);
        return bytes.toByteArray();
    }

    static TarEntry entry(
            String name, EntryKind kind, int mode, long size, String link, Map<String, String> attributes) {
        return new TarEntry(name, kind, mode, 0, 0, 1000, size, link, 0, 0, attributes);
    }

    static LayerSource layer(String name, byte[] bytes) {
        return new LayerSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }
        };
    }

    static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    /** Writes a field of the last header but those after it, and mends the checksum. */
    static byte[] patched(byte[] archive, int header, int offset, byte[] field) {
        byte[] patched = archive.clone();
        System.arraycopy(field, 0, patched, header + offset, field.length);
        Arrays.fill(patched, header + 148, header + 156, (byte) ' ');
        int sum = 0;
        for (int i = header; i < header + TarHeader.BLOCK; i++) {
            sum += patched[i] & 0xff;
        }
        byte[] digits = String.format("%06o\0 ", sum).getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(digits, 0, patched, header + 148, digits.length);
        return patched;
    }

    private interface Step {
        void run() throws IOException;
    }

    private Tar run(Step step) {
        try {
            step.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }
}
