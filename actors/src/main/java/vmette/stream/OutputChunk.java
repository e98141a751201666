package vmette.stream;

import akka.util.ByteString;

/** The next of an output that is read from an offset: each begins where the one before ended. */
public sealed interface OutputChunk {
    /** The offset of the first byte, counted from the output's beginning. */
    long from();

    /** The offset after the last byte: where to attach again after this chunk. */
    long to();

    /**
     * What the command wrote.
     *
     * @param from the first byte's offset
     * @param bytes at least one
     */
    record Bytes(long from, ByteString bytes) implements OutputChunk {
        /** Checks what is given. */
        public Bytes {
            if (from < 0 || bytes.isEmpty()) {
                throw new IllegalArgumentException(bytes.size() + " bytes at offset " + from);
            }
        }

        @Override
        public long to() {
            return from + bytes.size();
        }
    }

    /**
     * Bytes that the command wrote and that are gone: they were overwritten before anybody asked for them.
     *
     * @param from the first lost byte's offset
     * @param to the offset after the last lost byte
     */
    record Gap(long from, long to) implements OutputChunk {
        /** Checks what is given. */
        public Gap {
            if (from < 0 || to <= from) {
                throw new IllegalArgumentException("a gap from " + from + " to " + to);
            }
        }
    }
}
