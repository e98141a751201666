package vmette.files;

import akka.util.ByteIterator;
import akka.util.ByteString;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.errors.VmetteIoException;

/**
 * Takes file records ({@code docs/guest-protocol.md}) off a guest's output. The guest is hostile: a length is checked before it is used, and
 * nothing is kept beyond one record. One per stream; not thread-safe.
 */
final class EntryDecoder {
    /** A name of at most 255 bytes and a link of at most 4095, with room for what no Linux has yet. */
    static final int MAX_RECORD = 8192;

    private static final int LENGTH = 4;
    private static final int FIXED = 6 * 4 + 2 * 8 + 4;
    private static final int NANOS = 1_000_000_000;

    private final String vm;
    private ByteString pending = ByteString.emptyByteString();

    EntryDecoder(String vm) {
        this.vm = vm;
    }

    /**
     * The records that are complete with these bytes.
     *
     * @throws VmetteIoException for what is no record
     */
    List<FileEntry> decode(ByteString bytes) {
        pending = pending.isEmpty() ? bytes : pending.concat(bytes);
        List<FileEntry> entries = new ArrayList<>();
        int at = 0;
        while (pending.size() - at >= LENGTH) {
            long length = unsigned(pending.drop(at).iterator());
            if (length < FIXED + 2 * LENGTH || length > MAX_RECORD) {
                throw broken("a record of " + length + " bytes");
            }
            int end = at + LENGTH + (int) length;
            if (pending.size() < end) {
                break;
            }
            entries.add(entry(pending.slice(at + LENGTH, end)));
            at = end;
        }
        // Compact: a slice would hold on to all that it was cut from.
        pending = pending.drop(at).compact();
        return entries;
    }

    /** To be called at the end of the output. */
    void end() {
        if (!pending.isEmpty()) {
            throw broken("half a record at the end");
        }
    }

    private FileEntry entry(ByteString record) {
        ByteIterator in = record.iterator();
        int mode = (int) unsigned(in);
        FileKind kind = FileKind.of(mode).orElseThrow(() -> broken("a file of kind " + Integer.toOctalString(mode)));
        long links = unsigned(in);
        long uid = unsigned(in);
        long gid = unsigned(in);
        long major = unsigned(in);
        long minor = unsigned(in);
        long size = in.getLong(ByteOrder.LITTLE_ENDIAN);
        long seconds = in.getLong(ByteOrder.LITTLE_ENDIAN);
        long nanos = unsigned(in);
        if (size < 0) {
            throw broken("a negative size");
        }
        if (nanos >= NANOS || seconds < Instant.MIN.getEpochSecond() || seconds > Instant.MAX.getEpochSecond()) {
            throw broken("an impossible time");
        }
        String name = name(in);
        if (name.indexOf('/') >= 0 || name.equals(".") || name.equals("..")) {
            throw broken("a name that leads elsewhere");
        }
        String target = name(in);
        if (in.hasNext()) {
            throw broken("a record longer than its fields");
        }
        return new FileEntry(
                name,
                kind,
                mode & 07777,
                size,
                uid,
                gid,
                links,
                Instant.ofEpochSecond(seconds, nanos),
                kind == FileKind.SYMBOLIC_LINK ? Optional.of(target) : Optional.empty(),
                major,
                minor);
    }

    private String name(ByteIterator in) {
        long length = in.len() >= LENGTH ? unsigned(in) : Long.MAX_VALUE;
        if (length > in.len()) {
            throw broken("a name longer than its record");
        }
        byte[] bytes = new byte[(int) length];
        in.getBytes(bytes);
        for (byte each : bytes) {
            if (each == 0) {
                throw broken("a name with a NUL");
            }
        }
        return GuestNames.text(bytes);
    }

    private static long unsigned(ByteIterator in) {
        return in.getInt(ByteOrder.LITTLE_ENDIAN) & 0xffff_ffffL;
    }

    private VmetteIoException broken(String what) {
        return new VmetteIoException("the agent of VM " + vm + " told of its files what cannot be: " + what
                + "; it broke the guest protocol and is not to be believed");
    }
}
