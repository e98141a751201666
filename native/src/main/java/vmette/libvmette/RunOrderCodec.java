package vmette.libvmette;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import vmette.errors.InvalidConfigException;

/**
 * A {@link RunOrder} as bytes: a magic number, then each part in the order in which the record has it. Text is its length in 4 bytes
 * and UTF-8, numbers are 8 bytes, what is optional or true or many is preceded by its count; all big-endian. There is one way to
 * write an order, and none other is read.
 */
final class RunOrderCodec {
    /** An environment is the longest of it: execve(2) has no room for more. */
    static final int MOST_BYTES = 4 << 20;

    private static final int MAGIC = 0x766d6f01;

    private RunOrderCodec() {}

    /** @throws InvalidConfigException if it is longer than what is read */
    static byte[] encode(RunOrder order) {
        Writer to = new Writer();
        to.count(MAGIC);
        to.text(order.library());
        RunConfig config = order.config();
        to.text(config.kernel());
        to.text(config.initramfs());
        to.text(config.cmdline());
        to.text(config.rootfs());
        to.flag(config.rootfsReadOnly());
        to.map(config.shares());
        to.map(config.env());
        to.count(config.disks().size());
        config.disks().forEach(to::text);
        to.text(config.exec());
        to.flag(config.net());
        to.flag(config.switchRoot());
        to.number(config.vsockPort());
        to.number(config.guestVsockPort());
        to.number(config.timeoutSeconds());
        to.number(config.vcpus());
        to.number(config.memMib());
        to.number(config.scratchMib());
        to.text(config.buildSnapshot());
        to.text(config.resumeSnapshot());
        byte[] bytes = to.bytes.toByteArray();
        if (bytes.length > MOST_BYTES) {
            throw new InvalidConfigException("all texts of a VM's configuration together have " + bytes.length
                    + " bytes, at most " + MOST_BYTES + " are allowed: shorten exec or env");
        }
        return bytes;
    }

    /** @throws InvalidConfigException if these bytes are no order, saying what is wrong */
    static RunOrder decode(byte[] bytes) {
        if (bytes.length > MOST_BYTES) {
            throw new InvalidConfigException("an order of more than " + MOST_BYTES + " bytes");
        }
        Reader from = new Reader(ByteBuffer.wrap(bytes));
        try {
            if (from.bytes.getInt() != MAGIC) {
                throw new InvalidConfigException("an order that does not begin as one");
            }
            RunOrder order = new RunOrder(
                    from.text(),
                    new RunConfig(
                            from.text(),
                            from.text(),
                            from.optional(),
                            from.optional(),
                            from.flag(),
                            from.map(),
                            from.map(),
                            from.list(),
                            from.optional(),
                            from.flag(),
                            from.flag(),
                            from.integer(),
                            from.bytes.getLong(),
                            from.bytes.getLong(),
                            from.integer(),
                            from.bytes.getLong(),
                            from.bytes.getLong(),
                            from.optional(),
                            from.optional()));
            if (from.bytes.hasRemaining()) {
                throw new InvalidConfigException("an order with " + from.bytes.remaining() + " bytes behind it");
            }
            return order;
        } catch (BufferUnderflowException e) {
            throw new InvalidConfigException("an order that is cut off", e);
        } catch (CharacterCodingException e) {
            throw new InvalidConfigException("an order whose text is no UTF-8", e);
        }
    }

    private static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void count(int value) {
            bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
        }

        void number(long value) {
            bytes.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
        }

        void flag(boolean value) {
            count(value ? 1 : 0);
        }

        void text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            count(utf8.length);
            bytes.writeBytes(utf8);
        }

        void text(Optional<String> value) {
            flag(value.isPresent());
            value.ifPresent(this::text);
        }

        void map(SortedMap<String, String> values) {
            count(values.size());
            values.forEach((key, value) -> {
                text(key);
                text(value);
            });
        }
    }

    private static final class Reader {
        private final ByteBuffer bytes;

        Reader(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        /** What has so many parts has so many bytes at least. */
        private int count() {
            int count = bytes.getInt();
            if (count < 0 || count > bytes.remaining()) {
                throw new BufferUnderflowException();
            }
            return count;
        }

        boolean flag() {
            int value = bytes.getInt();
            if (value != 0 && value != 1) {
                throw new InvalidConfigException("an order with " + value + " where there is yes or no");
            }
            return value == 1;
        }

        int integer() {
            long value = bytes.getLong();
            if (value != (int) value) {
                throw new InvalidConfigException("an order with " + value + " where there are 32 bits");
            }
            return (int) value;
        }

        String text() throws CharacterCodingException {
            int length = count();
            ByteBuffer utf8 = bytes.slice(bytes.position(), length);
            bytes.position(bytes.position() + length);
            return CText.decode(utf8);
        }

        Optional<String> optional() throws CharacterCodingException {
            return flag() ? Optional.of(text()) : Optional.empty();
        }

        List<String> list() throws CharacterCodingException {
            List<String> values = new ArrayList<>();
            for (int left = count(); left > 0; left--) {
                values.add(text());
            }
            return values;
        }

        SortedMap<String, String> map() throws CharacterCodingException {
            SortedMap<String, String> values = new TreeMap<>();
            for (int left = count(); left > 0; left--) {
                String key = text();
                if (!values.isEmpty() && values.lastKey().compareTo(key) >= 0) {
                    throw new InvalidConfigException("an order whose names are out of their order");
                }
                values.put(key, text());
            }
            return values;
        }
    }
}
