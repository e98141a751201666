package vmette.vhostuser;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import vmette.memory.GuestRegion;

/**
 * Bytes to messages and back, QEMU's {@code docs/interop/vhost-user.rst}; pure. All integers are in the machine's order,
 * which is little-endian on every machine served. Every size is checked; a payload must be used up exactly.
 */
final class VhostUserCodec {
    /** Bytes of a header: request, flags, size of the payload. */
    static final int HEADER_SIZE = 12;

    /** Largest payload taken: a full configuration space with its header (268) is the largest in use. */
    static final int MAX_PAYLOAD = 1024;

    /** VHOST_MEMORY_BASELINE_NREGIONS: regions in a table, and descriptors with a message. */
    static final int MAX_REGIONS = 8;

    /** VHOST_USER_MAX_CONFIG_SIZE. */
    static final int MAX_CONFIG = 256;

    private static final int VERSION_MASK = 3;
    private static final int VERSION = 1;
    private static final int REPLY = 1 << 2;
    private static final int NEED_REPLY = 1 << 3;
    private static final int REGION_SIZE = 32;
    private static final int CONFIG_HEADER = 12;

    private VhostUserCodec() {}

    /** A header: request code, flags, payload bytes (0 to {@link #MAX_PAYLOAD}). */
    record Header(int request, int flags, int size) {
        boolean needReply() {
            return (flags & NEED_REPLY) != 0;
        }
    }

    /** A ring and a number: its size, base or whether it is enabled. */
    record VringState(int index, int number) {}

    /** Where a ring lies, in the front-end's addresses. */
    record VringAddresses(int index, int flags, long descriptors, long used, long available) {}

    /** A ring, and whether a descriptor came along. */
    record VringFile(int index, boolean hasFd) {}

    /** A part of the configuration space. */
    record ConfigRange(int offset, int size, int flags) {}

    static Header header(ByteBuffer bytes) {
        ByteBuffer b = bytes.order(ByteOrder.LITTLE_ENDIAN);
        int request = b.getInt();
        int flags = b.getInt();
        int size = b.getInt();
        if ((flags & VERSION_MASK) != VERSION || (flags & REPLY) != 0) {
            throw new VhostUserException("message " + request + " has flags 0x" + Integer.toHexString(flags));
        }
        if (size < 0 || size > MAX_PAYLOAD) {
            throw new VhostUserException(
                    "message " + request + " announces " + Integer.toUnsignedString(size) + " bytes");
        }
        return new Header(request, flags, size);
    }

    private static ByteBuffer exactly(int size, ByteBuffer payload) {
        if (payload.remaining() != size) {
            throw new VhostUserException("payload of " + payload.remaining() + " bytes where " + size + " are due");
        }
        return payload.order(ByteOrder.LITTLE_ENDIAN);
    }

    static void nothing(ByteBuffer payload) {
        exactly(0, payload);
    }

    static long u64(ByteBuffer payload) {
        return exactly(8, payload).getLong();
    }

    static VringState vringState(ByteBuffer payload) {
        ByteBuffer b = exactly(8, payload);
        return new VringState(b.getInt(), b.getInt());
    }

    static VringAddresses vringAddresses(ByteBuffer payload) {
        ByteBuffer b = exactly(40, payload);
        VringAddresses result = new VringAddresses(b.getInt(), b.getInt(), b.getLong(), b.getLong(), b.getLong());
        b.getLong(); // guest address for logging, which is not offered
        return result;
    }

    static VringFile vringFile(ByteBuffer payload) {
        long value = u64(payload);
        // bits 0 to 7: index; bit 8: no descriptor
        return new VringFile((int) (value & 0xff), (value & 0x100) == 0);
    }

    static List<GuestRegion> memoryTable(ByteBuffer payload) {
        ByteBuffer b = payload.order(ByteOrder.LITTLE_ENDIAN);
        if (b.remaining() < 8) {
            throw new VhostUserException("memory table of " + b.remaining() + " bytes");
        }
        int count = b.getInt();
        b.getInt(); // padding
        if (count < 1 || count > MAX_REGIONS) {
            throw new VhostUserException("memory table of " + Integer.toUnsignedString(count) + " regions");
        }
        exactly(count * REGION_SIZE, b);
        List<GuestRegion> regions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long guest = b.getLong();
            long size = b.getLong();
            long user = b.getLong();
            regions.add(new GuestRegion(guest, size, user, b.getLong()));
        }
        return regions;
    }

    static ConfigRange configRange(ByteBuffer payload) {
        ByteBuffer b = payload.order(ByteOrder.LITTLE_ENDIAN);
        if (b.remaining() < CONFIG_HEADER) {
            throw new VhostUserException("configuration request of " + b.remaining() + " bytes");
        }
        ConfigRange range = new ConfigRange(b.getInt(), b.getInt(), b.getInt());
        if (range.size() < 0 || range.size() > MAX_CONFIG || range.size() != b.remaining()) {
            throw new VhostUserException("configuration request for " + Integer.toUnsignedString(range.size())
                    + " bytes carries " + b.remaining());
        }
        return range;
    }

    private static ByteBuffer reply(int request, int size) {
        return ByteBuffer.allocate(HEADER_SIZE + size)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(request)
                .putInt(VERSION | REPLY)
                .putInt(size);
    }

    static ByteBuffer u64Reply(int request, long value) {
        return reply(request, 8).putLong(value).flip();
    }

    static ByteBuffer vringStateReply(int request, VringState state) {
        return reply(request, 8).putInt(state.index()).putInt(state.number()).flip();
    }

    /** The bytes asked for; a range beyond the space is answered by an empty payload, which is an error. */
    static ByteBuffer configReply(int request, ConfigRange range, byte[] space) {
        if (range.offset() < 0 || range.offset() > space.length - range.size()) {
            return reply(request, 0).flip();
        }
        return reply(request, CONFIG_HEADER + range.size())
                .putInt(range.offset())
                .putInt(range.size())
                .putInt(range.flags())
                .put(space, range.offset(), range.size())
                .flip();
    }
}
