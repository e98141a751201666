package vmette.rootfs.providers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Reads a stranger's archive: POSIX ustar and pax, GNU tar's long names and large numbers. Strict, and exact to the byte where a library that
 * makes text of names and attributes is not. What it keeps of an entry is bounded. Not thread-safe.
 */
final class TarReader {
    /** Bytes of one entry's headers: Linux allows names of 4096 bytes and attributes of 64 KiB. */
    static final int MOST_HEADERS = 1 << 20;

    private static final long MOST_ID = 0xffffffffL - 1;

    private final InputStream in;
    private final long mostContent;
    private final byte[] scratch = new byte[1 << 16];
    private long content;
    private long padding;
    private boolean ended;

    /** @param mostContent how many bytes one file may have */
    TarReader(InputStream in, long mostContent) {
        this.in = in;
        this.mostContent = mostContent;
    }

    /** Null at the end of the archive. */
    TarEntry next() throws IOException {
        skip(content + padding);
        content = 0;
        padding = 0;
        PaxRecords records = new PaxRecords();
        String longName = "";
        String longLink = "";
        int headers = 0;
        boolean described = false;
        while (!ended) {
            TarHeader header = header();
            if (header == null) {
                if (described) {
                    throw new TarFormatException("it ends after the headers that describe a file, before the file");
                }
                ended = true;
                break;
            }
            switch (header.type()) {
                case 'x', 'X' -> records.add(text(header, headers));
                case 'L' -> longName = untilZero(text(header, headers));
                case 'K' -> longLink = untilZero(text(header, headers));
                case 'g' -> {
                    // Comments mostly, and never a layer's; taken for all files it would be one more thing to keep.
                    skip(padded(checkedSize(header.size())));
                    continue;
                }
                default -> {
                    return entry(header, records, longName, longLink);
                }
            }
            described = true;
            headers += (int) header.size() + TarHeader.BLOCK;
        }
        return null;
    }

    /** Content of the entry that was read last; -1 after its last byte. */
    int read(byte[] to, int offset, int length) throws IOException {
        if (content == 0) {
            return -1;
        }
        int count = in.read(to, offset, (int) Math.min(length, content));
        if (count < 0) {
            throw new TarFormatException("it is cut off in the middle of a file");
        }
        content -= count;
        return count;
    }

    static TarFormatException sparse() {
        return new TarFormatException("it has sparse files, which are not understood: make it without --sparse");
    }

    private TarEntry entry(TarHeader header, PaxRecords records, String longName, String longLink) throws IOException {
        String name = records.text("path", longName.isEmpty() ? header.name() : longName);
        EntryKind kind = kind(header.type(), name);
        long size = checkedSize(records.number("size", header.size()));
        boolean device = kind == EntryKind.CHARACTER_DEVICE || kind == EntryKind.BLOCK_DEVICE;
        boolean link = kind == EntryKind.HARD_LINK || kind == EntryKind.SYMBOLIC_LINK;
        content = kind == EntryKind.FILE ? size : 0;
        padding = padded(content) - content;
        return new TarEntry(
                name,
                kind,
                header.mode(),
                id(records.number("uid", header.uid()), "owner"),
                id(records.number("gid", header.gid()), "group"),
                records.number("mtime", header.modified()),
                content,
                link ? records.text("linkpath", longLink.isEmpty() ? header.link() : longLink) : "",
                device ? header.major() : 0,
                device ? header.minor() : 0,
                records.attributes());
    }

    private static EntryKind kind(byte type, String name) throws TarFormatException {
        return switch (type) {
            case 0 -> name.endsWith("/") ? EntryKind.DIRECTORY : EntryKind.FILE;
            case '0', '7' -> EntryKind.FILE;
            case '1' -> EntryKind.HARD_LINK;
            case '2' -> EntryKind.SYMBOLIC_LINK;
            case '3' -> EntryKind.CHARACTER_DEVICE;
            case '4' -> EntryKind.BLOCK_DEVICE;
            case '5' -> EntryKind.DIRECTORY;
            case '6' -> EntryKind.FIFO;
            case 'S' -> throw sparse();
            default ->
                throw new TarFormatException(
                        "it has an entry of the unknown type " + TarEntry.shown(String.valueOf((char) (type & 0xff))));
        };
    }

    private static long id(long id, String what) throws TarFormatException {
        if (id < 0 || id > MOST_ID) {
            throw new TarFormatException("the " + what + " " + id + " is none of Linux");
        }
        return id;
    }

    private long checkedSize(long size) throws TarFormatException {
        if (size < 0 || size > mostContent) {
            throw new TarFormatException("it has something of " + size + " bytes, and " + mostContent + " are allowed");
        }
        return size;
    }

    /** Null at the end, with or without the zeroes that mark it. */
    private TarHeader header() throws IOException {
        byte[] block = new byte[TarHeader.BLOCK];
        int count = in.readNBytes(block, 0, block.length);
        if (count == 0) {
            return null;
        }
        if (count < block.length) {
            throw new TarFormatException("it is cut off in the middle of a header");
        }
        TarHeader header = new TarHeader(block);
        if (header.isZero()) {
            return null;
        }
        if (!header.sumIsRight()) {
            throw new TarFormatException("a header's checksum is wrong: it is damaged, or no tar archive");
        }
        return header;
    }

    private byte[] text(TarHeader header, int before) throws IOException {
        long size = header.size();
        if (size < 0 || size > MOST_HEADERS - before) {
            throw new TarFormatException("it has more than " + MOST_HEADERS + " bytes to say of one file");
        }
        byte[] text = in.readNBytes((int) size);
        if (text.length < size) {
            throw new TarFormatException("it is cut off in the middle of a header");
        }
        skip(padded(size) - size);
        return text;
    }

    private static String untilZero(byte[] text) {
        String all = new String(text, StandardCharsets.ISO_8859_1);
        int zero = all.indexOf('\0');
        return zero < 0 ? all : all.substring(0, zero);
    }

    private static long padded(long size) {
        return (size + TarHeader.BLOCK - 1) / TarHeader.BLOCK * TarHeader.BLOCK;
    }

    private void skip(long bytes) throws IOException {
        for (long left = bytes; left > 0; ) {
            int count = in.read(scratch, 0, (int) Math.min(scratch.length, left));
            if (count < 0) {
                throw new TarFormatException("it is cut off in the middle of a file");
            }
            left -= count;
        }
    }
}
