package vmette.rootfs.providers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import vmette.linux.ExtendedAttributes;
import vmette.linux.LinuxException;

/** A directory's tree as an archive, made while it is read. Sockets are left out. Not thread-safe. */
class DirectoryTar extends InputStream {
    private final ExtendedAttributes attributes = new ExtendedAttributes();
    private final DirectoryWalk walk;
    private final ByteArrayOutputStream made = new ByteArrayOutputStream();
    private final TarWriter writer = new TarWriter(made);
    private final Map<String, String> linked = new HashMap<>();
    private byte[] pending = new byte[0];
    private int given;
    private InputStream content = InputStream.nullInputStream();
    private long contentLeft;
    private long contentSize;
    private boolean ended;

    DirectoryTar(Path directory, Path leftOut) throws IOException {
        this.walk = new DirectoryWalk(directory, leftOut);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        while (length > 0) {
            if (given < pending.length) {
                int count = Math.min(length, pending.length - given);
                System.arraycopy(pending, given, to, offset, count);
                given += count;
                return count;
            }
            if (contentLeft > 0) {
                int count = content.read(to, offset, (int) Math.min(length, contentLeft));
                if (count < 0) {
                    throw new IOException("a file became shorter while it was read");
                }
                contentLeft -= count;
                return count;
            }
            if (ended) {
                return -1;
            }
            advance();
        }
        return 0;
    }

    @Override
    public void close() throws IOException {
        content.close();
    }

    private void advance() throws IOException {
        content.close();
        made.reset();
        writer.pad(contentSize);
        contentSize = 0;
        DirectoryWalk.Found found = walk.next();
        if (found == null) {
            writer.end();
            ended = true;
        } else {
            put(found);
        }
        pending = made.toByteArray();
        given = 0;
    }

    private void put(DirectoryWalk.Found found) throws IOException {
        switch (found.mode() & 0170000) {
            case 0040000 -> writer.entry(entry(found, EntryKind.DIRECTORY, 0, ""));
            case 0120000 -> putOnce(found, EntryKind.SYMBOLIC_LINK, DirectoryWalk.target(found.path()));
            case 0020000 -> putOnce(found, EntryKind.CHARACTER_DEVICE, "");
            case 0060000 -> putOnce(found, EntryKind.BLOCK_DEVICE, "");
            case 0010000 -> putOnce(found, EntryKind.FIFO, "");
            case 0100000 -> {
                if (putOnce(found, EntryKind.FILE, "")) {
                    contentSize = found.number("size");
                    contentLeft = contentSize;
                    content = Channels.newInputStream(Files.newByteChannel(
                            found.path(), Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)));
                }
            }
            default -> {
                // a socket means something only to the process that listens on it
            }
        }
    }

    /** False: it was a further name of a file that is there already. */
    private boolean putOnce(DirectoryWalk.Found found, EntryKind kind, String target) throws IOException {
        if (found.number("nlink") > 1) {
            String inode =
                    found.attributes().get("dev") + ":" + found.attributes().get("ino");
            String first = linked.putIfAbsent(inode, found.name());
            if (first != null) {
                writer.entry(entry(found, EntryKind.HARD_LINK, 0, first));
                return false;
            }
        }
        writer.entry(entry(found, kind, kind == EntryKind.FILE ? found.number("size") : 0, target));
        return true;
    }

    /** Text as {@link TarEntry} has it. */
    private Map<String, String> attributes(DirectoryWalk.Found found) throws IOException {
        Map<String, String> text = new HashMap<>();
        try {
            attributes
                    .of(DirectoryWalk.bytes(found.path()).getBytes(StandardCharsets.ISO_8859_1))
                    .forEach((name, value) -> text.put(name, new String(value, StandardCharsets.ISO_8859_1)));
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
        return text;
    }

    private TarEntry entry(DirectoryWalk.Found found, EntryKind kind, long size, String link) throws IOException {
        boolean device = kind == EntryKind.CHARACTER_DEVICE || kind == EntryKind.BLOCK_DEVICE;
        long number = device ? found.number("rdev") : 0;
        return new TarEntry(
                found.name().isEmpty() ? "./" : found.name(),
                kind,
                found.mode() & 07777,
                found.number("uid"),
                found.number("gid"),
                ((FileTime) found.attributes().get("lastModifiedTime"))
                        .toInstant()
                        .getEpochSecond(),
                size,
                link,
                (int) ((number >> 8) & 0xfff),
                (int) ((number & 0xff) | ((number >> 12) & 0xfff00)),
                kind == EntryKind.HARD_LINK ? Map.of() : attributes(found));
    }
}
