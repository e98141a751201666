package vmette.rootfs.providers;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.util.Native;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The decoder of Zstandard. Its library is native code in a jar: zstd-jni would unpack it into the temporary directory and remove it when the JVM
 * exits, which a killed one does not. Here it is unpacked into a directory of this user alone and removed as soon as it is loaded. Who
 * sets {@code ZstdNativePath} has it loaded from there, as the launcher does.
 */
final class Zstandard {
    /** Log2 of a frame's window: the most that {@code zstd} itself makes without being asked for more. */
    private static final int MOST_WINDOW = 27;

    private static final String NATIVE_PATH = "ZstdNativePath";

    private Zstandard() {}

    /** @throws Unpacking.SourceException if there is no decoder to be had */
    static InputStream decode(InputStream compressed) throws IOException {
        try {
            load();
            return new ZstdInputStreamNoFinalizer(compressed).setLongMax(MOST_WINDOW);
        } catch (LinkageError e) {
            throw new Unpacking.SourceException(new IOException(
                    "zstd's native library cannot be loaded (" + e.getMessage()
                            + "); take it out of its jar and set the system property " + NATIVE_PATH + " to its path",
                    e));
        }
    }

    private static synchronized void load() throws IOException {
        if (Native.isLoaded() || System.getProperty(NATIVE_PATH) != null) {
            return;
        }
        Path directory;
        try {
            directory = Files.createTempDirectory("vmette-");
        } catch (IOException e) {
            throw new Unpacking.SourceException(new IOException(
                    "there is no place for zstd's native library: cannot write to "
                            + System.getProperty("java.io.tmpdir"),
                    e));
        }
        try {
            Native.load(directory.toFile());
        } finally {
            // The mapping outlives the name.
            File[] unpacked = directory.toFile().listFiles();
            for (File file : unpacked == null ? new File[0] : unpacked) {
                Files.deleteIfExists(file.toPath());
            }
            Files.deleteIfExists(directory);
        }
    }
}
