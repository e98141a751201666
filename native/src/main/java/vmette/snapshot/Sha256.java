package vmette.snapshot;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** SHA-256 in small hexadecimal digits. */
public final class Sha256 {
    private static final int CHUNK = 64 << 10;

    // A kernel's does not change, and a process has few of them.
    private static final Map<Path, Known> KNOWN = new ConcurrentHashMap<>();

    private record Known(FileStamp stamp, String digest) {}

    private Sha256() {}

    /** Of a file that lasts, as a kernel; read anew only when its inode, size or times have changed. */
    public static String ofLasting(Path file) throws IOException {
        Path absolute = file.toRealPath();
        FileStamp stamp = FileStamp.of(absolute);
        Known known = KNOWN.get(absolute);
        if (known == null || !known.stamp.equals(stamp)) {
            known = new Known(stamp, of(absolute));
            KNOWN.put(absolute, known);
        }
        return known.digest;
    }

    static String of(Path file) throws IOException {
        MessageDigest digest = create();
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                digest.update(chunk, 0, n);
            }
        }
        return text(digest);
    }

    static String of(byte[] bytes) {
        MessageDigest digest = create();
        digest.update(bytes);
        return text(digest);
    }

    static MessageDigest create() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String text(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
