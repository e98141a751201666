package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** Whether a file is still what it was, and what its content's digest was then. */
final class FileIdentity {
    private static final String WANTED = "unix:dev,ino,size,mode,lastModifiedTime,ctime";

    private FileIdentity() {}

    /** Changes when anybody writes to the file, or puts another in its place. */
    static String of(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, WANTED, new LinkOption[0]);
        return new TreeMap<>(attributes).toString();
    }

    /** The SHA-256 of its content, remembered in the cache for as long as the file stays what it is. */
    static String sha256(Path file, Path cache) throws IOException {
        String identity = of(file);
        Path directory = cache.resolve("digests");
        CacheFiles.makeDirectory(directory);
        Path noted = directory.resolve(CacheFiles.sha256(CacheFiles.bytes(file.toString())));
        Properties note = CacheFiles.properties(noted);
        String digest = note.getProperty("sha256", "");
        if (identity.equals(note.getProperty("identity")) && digest.matches("[0-9a-f]{64}")) {
            CacheFiles.touch(noted);
            return digest;
        }
        digest = CacheFiles.sha256(file);
        note.setProperty("path", file.toString());
        note.setProperty("identity", identity);
        note.setProperty("sha256", digest);
        if (!of(file).equals(identity)) {
            throw new IOException("it changed while it was read");
        }
        CacheFiles.write(noted, note);
        return digest;
    }
}
