package vmette.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * As much of ELF64, little-endian (elf(5)), as kernels and their modules take: one named section, and one note.
 *
 * <p>The file is anybody's: every offset and size is checked against the file, and no more than {@link #MAX_PIECE} bytes are
 * read at once.
 */
final class ElfReader {
    /** What is not an ELF file of this kind, or contradicts itself. */
    static final class MalformedElfException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedElfException(String message) {
            super(message);
        }
    }

    /** The file's bytes. */
    interface Source {
        long size() throws IOException;

        /** Exactly this range, which lies within the file. */
        ByteBuffer read(long offset, int length) throws IOException;
    }

    static final int EXECUTABLE = 2;
    static final int MACHINE_X86_64 = 62;

    private static final int HEADER = 64;
    private static final int SECTION_HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int PROGRAM_NOTE = 4;
    private static final int SECTION_NOBITS = 8;
    private static final int MAX_PIECE = 16 << 20;

    private final Source source;
    private final long size;
    private final ByteBuffer header;

    ElfReader(Source source) throws MalformedElfException, IOException {
        this.source = source;
        this.size = source.size();
        this.header = read(0, HEADER);
        // EI_MAG, EI_CLASS 2 (64 bits), EI_DATA 1 (little-endian)
        if (header.getInt(0) != 0x464c457f || header.get(4) != 2 || header.get(5) != 1) {
            throw new MalformedElfException("not a 64-bit little-endian ELF file");
        }
    }

    static Source of(byte[] bytes) {
        return new Source() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public ByteBuffer read(long offset, int length) {
                return ByteBuffer.wrap(bytes, (int) offset, length).slice();
            }
        };
    }

    static Source of(FileChannel channel) {
        return new Source() {
            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public ByteBuffer read(long offset, int length) throws IOException {
                ByteBuffer piece = ByteBuffer.allocate(length);
                while (piece.hasRemaining()) {
                    if (channel.read(piece, offset + piece.position()) < 0) {
                        throw new IOException("the file became shorter while it was read");
                    }
                }
                return piece.flip();
            }
        };
    }

    int type() {
        return header.getShort(16) & 0xffff;
    }

    int machine() {
        return header.getShort(18) & 0xffff;
    }

    /** The content of the first section of this name. */
    Optional<ByteBuffer> section(String name) throws MalformedElfException, IOException {
        int count = header.getShort(60) & 0xffff;
        int names = header.getShort(62) & 0xffff;
        ByteBuffer table = table(header.getLong(40), header.getShort(58) & 0xffff, SECTION_HEADER, count);
        if (names >= count) {
            return Optional.empty();
        }
        ByteBuffer strings = sectionContent(table, names);
        for (int i = 0; i < count; i++) {
            if (named(strings, table.getInt(i * SECTION_HEADER), name)) {
                return Optional.of(sectionContent(table, i));
            }
        }
        return Optional.empty();
    }

    /** Whether some PT_NOTE segment holds a note of this owner and type. */
    boolean hasNote(String owner, int type) throws MalformedElfException, IOException {
        int count = header.getShort(56) & 0xffff;
        ByteBuffer table = table(header.getLong(32), header.getShort(54) & 0xffff, PROGRAM_HEADER, count);
        for (int i = 0; i < count; i++) {
            int at = i * PROGRAM_HEADER;
            if (table.getInt(at) == PROGRAM_NOTE
                    && hasNote(read(table.getLong(at + 8), table.getLong(at + 32)), owner, type)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasNote(ByteBuffer notes, String owner, int type) {
        byte[] wanted = (owner + '\0').getBytes(StandardCharsets.US_ASCII);
        long at = 0;
        while (at + 12 <= notes.limit()) {
            long nameSize = notes.getInt((int) at) & 0xffff_ffffL;
            long contentSize = notes.getInt((int) at + 4) & 0xffff_ffffL;
            boolean found = notes.getInt((int) at + 8) == type
                    && nameSize == wanted.length
                    && at + 12 + nameSize <= notes.limit();
            for (int i = 0; found && i < wanted.length; i++) {
                found = notes.get((int) at + 12 + i) == wanted[i];
            }
            if (found) {
                return true;
            }
            at += 12 + padded(nameSize) + padded(contentSize);
        }
        return false;
    }

    private static long padded(long size) {
        return (size + 3) & ~3L;
    }

    private ByteBuffer table(long offset, int entry, int expected, int count)
            throws MalformedElfException, IOException {
        if (count > 0 && entry != expected) {
            throw new MalformedElfException("table entries of " + entry + " bytes instead of " + expected);
        }
        return read(count == 0 ? 0 : offset, (long) count * expected);
    }

    private ByteBuffer sectionContent(ByteBuffer table, int index) throws MalformedElfException, IOException {
        int at = index * SECTION_HEADER;
        return table.getInt(at + 4) == SECTION_NOBITS
                ? read(0, 0)
                : read(table.getLong(at + 24), table.getLong(at + 32));
    }

    private static boolean named(ByteBuffer strings, int offset, String name) {
        if (offset < 0 || offset > strings.limit() - name.length() - 1) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (strings.get(offset + i) != name.charAt(i)) {
                return false;
            }
        }
        return strings.get(offset + name.length()) == 0;
    }

    private ByteBuffer read(long offset, long length) throws MalformedElfException, IOException {
        if (offset < 0 || length < 0 || offset > size || length > size - offset) {
            throw new MalformedElfException("a part lies outside the file");
        }
        if (length > MAX_PIECE) {
            throw new MalformedElfException("a part is of " + length + " bytes, more than is sensible");
        }
        return source.read(offset, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
