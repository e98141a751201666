package vmette.files;

import akka.util.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/** A guest's file records, written from docs/guest-protocol.md. */
final class Records {
    private Records() {}

    static byte[] encode(FileEntry entry, int type) {
        byte[] name = GuestNames.bytes(entry.name());
        byte[] target = GuestNames.bytes(entry.target().orElse(""));
        Instant modified = entry.modified();
        ByteBuffer whole = ByteBuffer.allocate(4 + 24 + 8 + 8 + 4 + 4 + name.length + 4 + target.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        whole.putInt(whole.capacity() - 4)
                .putInt(type | entry.mode())
                .putInt((int) entry.links())
                .putInt((int) entry.uid())
                .putInt((int) entry.gid())
                .putInt((int) entry.deviceMajor())
                .putInt((int) entry.deviceMinor())
                .putLong(entry.size())
                .putLong(modified.getEpochSecond())
                .putInt(modified.getNano())
                .putInt(name.length)
                .put(name)
                .putInt(target.length)
                .put(target);
        return whole.array();
    }

    static ByteString of(FileEntry entry, int type) {
        return ByteString.fromArray(encode(entry, type));
    }
}
