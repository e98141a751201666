package vmette.snapshot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import vmette.linux.OpenFile;
import vmette.linux.OwnedFd;

/** Bundles of machines that there never were. */
final class Bundles {
    static final long MEMORY_MIB = 4;

    private Bundles() {}

    static MachineIdentity machine() {
        return machine("7.2.22", "a".repeat(64));
    }

    static MachineIdentity machine(String version, String kernel) {
        return new MachineIdentity(
                "qemu",
                version,
                "pc",
                "tcg",
                "max",
                1,
                MEMORY_MIB,
                kernel,
                "b".repeat(64),
                new TreeMap<>(Map.of("cmdline", "quiet \"x\"", "net", "None")));
    }

    /** Sparse: a page at its start, one in its third MiB, and zeroes that are stored. */
    static Path memory(Path directory) throws IOException {
        Path file = directory.resolve("ram");
        byte[] page = new byte[4096];
        new Random(1).nextBytes(page);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(page), 0);
            channel.write(ByteBuffer.wrap(page), (2 << 20) + 8192);
            channel.write(ByteBuffer.allocate(64 << 10), (MEMORY_MIB << 20) - (64 << 10));
        }
        return file;
    }

    static Bundle write(BundleStore store, String name, Path memory) {
        try (BundleWriter writer = store.begin(name, 1)) {
            fill(writer, memory);
            return writer.commit(machine());
        }
    }

    static void fill(BundleWriter writer, Path memory) {
        writer.state(new ByteArrayInputStream(new byte[1000]));
        writer.memory(memory);
        try (OwnedFd disk = OpenFile.read(memory)) {
            writer.disk("scratch", "vmette-scratch", "raw", disk, Optional.empty());
        }
    }

    static void change(Path file, byte[] bytes) throws IOException {
        // Not by another file in its place: times and inode would tell.
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            channel.write(ByteBuffer.wrap(bytes));
        }
    }

    static byte[] read(Path file) throws IOException {
        return Files.readAllBytes(file);
    }
}
