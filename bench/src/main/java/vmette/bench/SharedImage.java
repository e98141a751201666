package vmette.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import vmette.VmHandle;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;

/** What a second VM of one image takes on the host while its guest reads all of the image, as the first one's has done. */
final class SharedImage {
    private static final double MIB = 1 << 20;

    private SharedImage() {}

    /**
     * @param image MiB of the image's file
     * @param pageCache MiB by which the file's part of the host's page cache grew, of fincore(1)
     * @param privateMemory MiB by which the second monitor's RssAnon grew, of proc(5): its own memory, the guest's not among it
     */
    record Growth(double image, double pageCache, double privateMemory) {}

    static Growth measure(Product product, VmSpec spec, long bytes) {
        VmHandle first = Await.on(product.runtime().launch(spec));
        try {
            readAll(product, first, bytes);
            VmHandle second = Await.on(product.runtime().launch(spec));
            try {
                Path image = image(Product.monitor(first.name()));
                long monitor = Product.monitor(second.name());
                if (!image.equals(image(monitor))) {
                    throw new StartFailedException("two VMs of one image have a file each: " + image + " and "
                            + image(monitor) + ": there is nothing to measure");
                }
                long cacheBefore = resident(image);
                long memoryBefore = anonymous(monitor);
                readAll(product, second, bytes);
                return new Growth(
                        Files.size(image) / MIB,
                        (resident(image) - cacheBefore) / MIB,
                        (anonymous(monitor) - memoryBefore) / MIB);
            } catch (IOException e) {
                throw new VmetteIoException("cannot look at the image of two VMs: " + e.getMessage(), e);
            } finally {
                Product.stop(second);
            }
        } finally {
            Product.stop(first);
        }
    }

    private static void readAll(Product product, VmHandle vm, long bytes) {
        String read = product.output(vm, RootTree.READ_ALL).strip();
        if (!read.equals(Long.toString(bytes))) {
            throw new VmLostException("the guest has read " + read + " bytes of its root, and not " + bytes);
        }
    }

    /** The one read-only image that a process has open. */
    private static Path image(long pid) throws IOException {
        Optional<Path> found = Optional.empty();
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path fd : fds) {
                Path target = Files.readSymbolicLink(fd);
                if (target.toString().endsWith(".squashfs")) {
                    found = Optional.of(target);
                }
            }
        }
        return found.orElseThrow(() -> new StartFailedException("process " + pid + " has no image open"));
    }

    private static long resident(Path file) throws IOException {
        Process process = new ProcessBuilder("fincore", "--bytes", "--noheadings", "--output", "RES", file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            return Long.parseLong(said);
        } catch (NumberFormatException e) {
            throw new StartFailedException("fincore (of util-linux) says: " + said, e);
        }
    }

    private static long anonymous(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                        .filter(line -> line.startsWith("RssAnon:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                << 10;
    }
}
