package vmette.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

/** A root file system of a given size: busybox, and files of random bytes that no compression makes fewer. Gone when closed. */
final class RootTree implements AutoCloseable {
    /** Reads all of it in the guest and says how many bytes that were. */
    static final String READ_ALL = "cat /data/*/* | wc -c";

    private static final int FILES_IN_A_DIRECTORY = 100;
    private static final List<String> APPLETS = List.of("sh", "cat", "wc", "echo");

    private final Path home;
    private final long bytes;

    private RootTree(Path home, long bytes) {
        this.home = home;
        this.bytes = bytes;
    }

    /**
     * Makes one, the same for the same numbers.
     *
     * @param cache where the guest's busybox is, since a VM has been booted with it, and room for the tree
     */
    static RootTree make(Path cache, int mib, int files) throws IOException {
        long each = ((long) mib << 20) / files;
        RootTree tree = new RootTree(Files.createTempDirectory(cache, "bench-"), each * files);
        try {
            Path bin = Files.createDirectories(tree.directory().resolve("bin"));
            Files.setPosixFilePermissions(tree.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Path busybox = Files.copy(busybox(cache), bin.resolve("busybox"));
            Files.setPosixFilePermissions(busybox, PosixFilePermissions.fromString("rwxr-xr-x"));
            for (String applet : APPLETS) {
                Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
            }
            Random random = new Random(files);
            byte[] content = new byte[Math.toIntExact(each)];
            for (int i = 0; i < files; i++) {
                Path parent = Files.createDirectories(tree.directory().resolve("data/" + i / FILES_IN_A_DIRECTORY));
                random.nextBytes(content);
                Files.write(parent.resolve("file" + i), content);
            }
            return tree;
        } catch (IOException | RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    private static Path busybox(Path cache) throws IOException {
        try (Stream<Path> files = Files.walk(cache.resolve("guest"))) {
            return files.filter(file -> file.endsWith("busybox") && Files.isRegularFile(file))
                    .findFirst()
                    .orElseThrow(() -> new InvalidConfigException("there is no busybox in " + cache
                            + "/guest: this benchmark needs the guest that is booted without --initramfs"));
        }
    }

    Path directory() {
        return home.resolve("root");
    }

    /** A cache of its own for images, beside the tree, which has the guest's kernel and busybox from the user's. */
    Path cache() throws IOException {
        Path cache = Files.createDirectory(home.resolve("cache"));
        for (String kind : List.of("guest", "initramfs")) {
            Files.createSymbolicLink(cache.resolve(kind), home.resolveSibling(kind));
        }
        return cache;
    }

    /** What {@link #READ_ALL} has to come to. */
    long bytes() {
        return bytes;
    }

    /** All of it as an archive, to the byte the same whenever it is made. */
    Path tar() {
        Path archive = home.resolve("root.tar");
        ProcessBuilder tar = new ProcessBuilder(
                        "tar",
                        "--sort=name",
                        "--mtime=@0",
                        "--owner=0",
                        "--group=0",
                        "--numeric-owner",
                        "-C",
                        directory().toString(),
                        "-cf",
                        archive.toString(),
                        ".")
                .inheritIO();
        try {
            int status = tar.start().waitFor();
            if (status != 0) {
                throw new StartFailedException("tar ended with status " + status);
            }
            return archive;
        } catch (IOException e) {
            throw new VmetteIoException("cannot run tar: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartFailedException("interrupted while tar ran", e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(home)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
