package vmette.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rules of section 2.7.5 once more, written for shortness and over an array that is all the memory there is. */
final class ChainOracle {
    /** One buffer; of no bytes it may lie anywhere. */
    record Piece(long address, int length, boolean writable) {}

    private final ByteBuffer memory;
    private final long base;
    private final long table;
    private final int size;
    private final boolean indirectAllowed;

    /** @param descriptors where the table of {@code size} descriptors begins */
    ChainOracle(byte[] memory, long base, long descriptors, int size, boolean indirectAllowed) {
        this.memory = ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN);
        this.base = base;
        this.size = size;
        this.indirectAllowed = indirectAllowed;
        this.table = descriptors;
    }

    /** The chain at a head, or empty if the driver broke a rule. */
    Optional<List<Piece>> chain(int head) {
        List<Piece> pieces = new ArrayList<>();
        return head < size && walk(table, size, head, false, pieces) ? Optional.of(pieces) : Optional.empty();
    }

    private boolean walk(long at, long entries, int first, boolean inside, List<Piece> pieces) {
        for (int index = first; ; ) {
            long entry = at + 16L * index;
            if (index >= entries || !holds(entry, 16)) {
                return false;
            }
            long address = memory.getLong((int) (entry - base));
            long length = memory.getInt((int) (entry - base) + 8) & 0xffff_ffffL;
            int flags = memory.getShort((int) (entry - base) + 12);
            boolean more = (flags & 1) != 0;
            boolean writable = (flags & 2) != 0;
            if ((flags & 4) != 0) {
                boolean fine = !inside && !more && indirectAllowed && length > 0 && length % 16 == 0;
                return fine && length / 16 <= 65536 && walk(address, length / 16, 0, true, pieces);
            }
            boolean late = !writable
                    && !pieces.isEmpty()
                    && pieces.get(pieces.size() - 1).writable();
            if (pieces.size() == size || late || (length > 0 && !holds(address, length))) {
                return false;
            }
            pieces.add(new Piece(address, (int) length, writable));
            if (!more) {
                return true;
            }
            index = memory.getShort((int) (entry - base) + 14) & 0xffff;
        }
    }

    private boolean holds(long address, long length) {
        return Long.compareUnsigned(address - base, memory.capacity()) < 0
                && length <= memory.capacity() - (address - base);
    }
}
