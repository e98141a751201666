package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import vmette.errors.BadImageException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.linux.LinuxException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

/**
 * Block images of root file systems, made of layers once and kept; the package's description shows the layout. Thread-safe, and safe among
 * processes: whoever wants an image that another is making waits for it.
 */
public final class ImageStore {
    /** Part of every key: an image made by other rules is another image. */
    private static final String VERSION = "1";

    static final List<String> COMPRESSION = List.of("-comp", "lz4");

    private static final String SUFFIX = ".squashfs";

    private final String tool;

    /** Keeps images in the cache directory of each request. */
    public ImageStore() {
        this("sqfstar");
    }

    ImageStore(String tool) {
        this.tool = tool;
    }

    /**
     * The image of these layers, which is made if it is not here yet. Blocks; an interrupt ends it and leaves the cache as it was.
     *
     * @param key what the layers are, to the byte: their digests, say
     * @param defaults goes into the artifact
     * @param layers the lowest first, with whiteouts as OCI has them; opened only if the image has to be made
     * @return holds the image in the cache until it is closed
     * @throws BadImageException a layer is damaged, hostile or too large
     * @throws VmetteIoException a layer cannot be read, the image cannot be written, or the thread is interrupted, which it then still is
     */
    public RootfsArtifact.Image image(
            String key, ImageDefaults defaults, List<LayerSource> layers, RootfsRequest request) {
        Path directory = request.cache().resolve("images");
        String id = id(key);
        Path image = directory.resolve(id + SUFFIX);
        Path lock = directory.resolve(id + ".lock");
        try {
            CacheFiles.makeDirectory(directory);
            while (true) {
                CacheLock used = CacheLock.take(lock, false, request.progress());
                if (Files.isRegularFile(image)) {
                    CacheFiles.touch(lock);
                    return new RootfsArtifact.Image(image, ImageFormat.SQUASHFS, defaults, used::close);
                }
                used.close();
                // Never waited for: once it is made, its users hold the lock for as long as their VMs live.
                Optional<CacheLock> alone = CacheLock.tryTake(lock, true);
                if (alone.isEmpty()) {
                    CacheLock.pause();
                    continue;
                }
                try {
                    if (!Files.isRegularFile(image)) {
                        removeAbandoned(directory);
                        build(image, layers, request);
                        note(directory.resolve(id + ".properties"), request.spec());
                    }
                } finally {
                    alone.get().close();
                }
            }
        } catch (LinuxException | IOException | InterruptedException e) {
            Interrupts.check("making an image", e);
            throw new VmetteIoException(
                    "cannot keep images in " + directory + ": " + Reasons.of(e)
                            + "; check that it may be written and that there is space, or set cache-dir to another place",
                    e);
        }
    }

    /** For people who look at the cache. */
    private static void note(Path file, String of) throws IOException {
        Properties note = new Properties();
        note.setProperty("of", of);
        CacheFiles.write(file, note);
    }

    /** Whether the image is here, so that no layer would be opened. */
    public boolean has(String key, RootfsRequest request) {
        return Files.isRegularFile(request.cache().resolve("images").resolve(id(key) + SUFFIX));
    }

    private void build(Path image, List<LayerSource> layers, RootfsRequest request) throws IOException {
        Path building = building(image);
        Files.deleteIfExists(building);
        try {
            String of = layers.size() == 1 ? layers.get(0).name() : layers.size() + " layers";
            FlatTar flat;
            long bytes;
            try (RootfsProgress.Transfer read = request.progress().transfer("reading " + of, -1)) {
                ByteBudget budget = new ByteBudget(request.maxBytes(), read);
                flat = FlatTar.of(layers, budget);
                bytes = budget.used();
            }
            try (RootfsProgress.Transfer made = request.progress().transfer("making an image of " + of, bytes)) {
                write(flat, building, new ByteBudget(request.maxBytes(), made));
            }
            CacheFiles.sync(building);
            Files.move(building, image, StandardCopyOption.ATOMIC_MOVE);
            CacheFiles.syncDirectory(image.getParent());
        } finally {
            Files.deleteIfExists(building);
        }
    }

    private void write(FlatTar flat, Path building, ByteBudget budget) throws IOException {
        try (Sqfstar writer = Sqfstar.start(tool, building, flat.root())) {
            try {
                flat.writeTo(new TarWriter(writer.in()), budget);
                writer.finish();
                long written = Squashfs.read(building).inodes();
                if (written != flat.inodes()) {
                    throw new IOException("sqfstar wrote " + written + " files of " + flat.inodes()
                            + ", which is a mistake of its or ours");
                }
            } catch (IOException e) {
                throw writer.failure(e);
            }
        }
    }

    /** What builders have left that were killed: nobody locks it. */
    private static void removeAbandoned(Path directory) throws IOException {
        for (Path left : CacheFiles.list(directory, "*.building")) {
            String id = left.getFileName().toString().replace(".building", "");
            Optional<CacheLock> alone = CacheLock.tryTake(directory.resolve(id + ".lock"), true);
            if (alone.isPresent()) {
                try {
                    Files.deleteIfExists(left);
                } finally {
                    alone.get().close();
                }
            }
        }
    }

    private static Path building(Path image) {
        return image.resolveSibling(image.getFileName().toString().replace(SUFFIX, ".building"));
    }

    private static String id(String key) {
        return CacheFiles.sha256((VERSION + "\n" + key).getBytes(StandardCharsets.UTF_8));
    }
}
