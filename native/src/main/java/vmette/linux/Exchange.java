package vmette.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Two files or directories that get each other's names at one instant, renameat2(2). */
public final class Exchange {
    /** {@code include/uapi/linux/fs.h}. */
    private static final int RENAME_EXCHANGE = 2;

    /** {@code include/uapi/linux/fcntl.h}: the working directory, which no absolute path looks at. */
    private static final int AT_FDCWD = -100;

    private Exchange() {}

    /**
     * Exchanges them.
     *
     * @param one absolute, as the other
     * @return whether it was done; not all file systems can
     * @throws LinuxException if one of them is not there, they are not on one file system, or may not be renamed
     */
    public static boolean of(Path one, Path other) {
        NativeBuffer first = text(one);
        NativeBuffer second = text(other);
        int result = first.during(
                from -> second.during(to -> RenameCalls.renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE)));
        if (result < 0 && LibC.errno() == Errno.EINVAL) {
            return false;
        }
        LibC.check("renameat2 " + other, result);
        return true;
    }

    private static NativeBuffer text(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        NativeBuffer text = new NativeBuffer(bytes.length + 1);
        text.bytes.put(0, bytes);
        return text;
    }
}
