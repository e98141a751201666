package vmette.memory;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another process, a child of this one, that has a file mapped as QEMU has a guest's memory, and does to it what it is told. */
public final class MappingProcess implements AutoCloseable {
    /** How it maps the file. */
    public enum How {
        /** {@code share=off}. */
        PRIVATE,
        /** {@code share=on}. */
        SHARED,
        /** Nobody may write. */
        READ_ONLY
    }

    private final Process process;
    private final BufferedReader said;
    private final Path file;
    private final long address;

    private MappingProcess(Process process, Path file) throws IOException {
        this.process = process;
        this.said = process.inputReader(StandardCharsets.UTF_8);
        this.file = file;
        if (!"ready".equals(said.readLine())) {
            throw new IllegalStateException("the child did not map " + file);
        }
        this.address = addressOf(process.pid(), file);
    }

    /**
     * Starts it.
     *
     * @param size at least 4096, at most 2 GiB; the file is sparse, unlinked when this is closed
     */
    public static MappingProcess start(How how, long size) {
        try {
            Path file = Files.createTempFile("mapped", ".memory");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(java.nio.ByteBuffer.allocate(1), size - 1);
            }
            return new MappingProcess(javaProcess(Child.class, file.toString(), how.name()), file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A child of this JVM that runs a main class of these tests; its error output is ours. */
    public static Process javaProcess(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    }

    /** Where a process has a file mapped that it has mapped once. */
    public static long addressOf(long pid, Path file) throws IOException {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "maps"), StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.endsWith(file.toString()))
                    .mapToLong(line -> Long.parseUnsignedLong(line, 0, line.indexOf('-'), 16))
                    .min()
                    .orElseThrow(() -> new IllegalStateException(file + " is not mapped"));
        }
    }

    /** Its pid. */
    public long pid() {
        return process.pid();
    }

    /** Where it has the file. */
    public long address() {
        return address;
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** The byte that the child itself sees. */
    public int get(int offset) {
        return Integer.parseInt(ask("get " + offset));
    }

    /** Lets the child write a byte. */
    public void put(int offset, int value) {
        ask("put " + offset + " " + value);
    }

    /** Tells it something, and returns its answer; blocks. */
    public String ask(String order) {
        tell(order);
        return answer();
    }

    /** Tells it something, and does not wait. */
    public void tell(String order) {
        try {
            process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What it answers; blocks. */
    public String answer() {
        try {
            return String.valueOf(said.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kills it; it is reaped when this returns. */
    public void kill() {
        try {
            process.destroyForcibly();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the child does not die");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What runs in the other process. */
    static final class Child {
        private static final VarHandle SHORT =
                MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

        private Child() {}

        public static void main(String[] args) throws IOException {
            How how = How.valueOf(args[1]);
            try (FileChannel channel =
                    FileChannel.open(Path.of(args[0]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                FileChannel.MapMode mode =
                        switch (how) {
                            case PRIVATE -> FileChannel.MapMode.PRIVATE;
                            case SHARED -> FileChannel.MapMode.READ_WRITE;
                            case READ_ONLY -> FileChannel.MapMode.READ_ONLY;
                        };
                MappedByteBuffer memory = channel.map(mode, 0, channel.size());
                memory.order(ByteOrder.LITTLE_ENDIAN);
                System.out.println("ready");
                BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                    System.out.println(obey(memory, order.split(" ", -1)));
                }
            }
        }

        private static Object obey(MappedByteBuffer memory, String[] order) {
            int at = Integer.parseInt(order[1]);
            return switch (order[0]) {
                case "get" -> memory.get(at);
                case "put" -> memory.put(at, (byte) Integer.parseInt(order[2])).get(at);
                case "drive" -> drive(memory, at, Integer.parseInt(order[2]));
                default -> throw new IllegalArgumentException(order[0]);
            };
        }

        /**
         * Plays a driver at full speed: an index at {@code at + 2} that grows by one for each entry written before it into 256
         * words at {@code at + 16}, at most 128 ahead of the index that the other side shows at {@code at + 10}.
         *
         * @return what was wrong with the other side's index, or ok
         */
        private static String drive(MappedByteBuffer memory, int at, int count) {
            int seen = 0;
            for (int i = 0; i < count; i++) {
                do {
                    int used = Short.toUnsignedInt((short) SHORT.getAcquire(memory, at + 10));
                    int ahead = (i - used) & 0xffff;
                    if (((used - seen) & 0xffff) > ((i - seen) & 0xffff)) {
                        return "used index went from " + seen + " to " + used + " when " + (i & 0xffff) + " were there";
                    }
                    seen = used;
                    if (ahead < 128) {
                        break;
                    }
                    Thread.onSpinWait();
                } while (true);
                memory.putInt(at + 16 + 4 * (i & 255), i * 31);
                SHORT.setRelease(memory, at + 2, (short) (i + 1));
            }
            return "ok";
        }
    }
}
