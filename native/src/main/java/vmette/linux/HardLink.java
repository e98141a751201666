package vmette.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** One more name for a file that is open, linkat(2). */
public final class HardLink {
    /** {@code include/uapi/linux/fcntl.h}: the working directory, which no absolute path looks at. */
    private static final int AT_FDCWD = -100;

    /** The link that {@code /proc/self/fd} has for the descriptor is to be followed. */
    private static final int AT_SYMLINK_FOLLOW = 0x400;

    private HardLink() {}

    /**
     * Gives the file another name. It must still have one, whichever it was opened by.
     *
     * @param name absolute, on the file's file system, nothing there yet
     * @throws LinuxException if it cannot be had: {@code EXDEV} on another file system, {@code ENOENT} if the file has no name any more
     */
    public static void make(OwnedFd file, Path name) {
        NativeBuffer from = text(OpenFile.path(file));
        NativeBuffer to = text(name);
        LibC.check(
                "linkat " + name,
                from.during(old -> to.during(made -> LibC.linkat(AT_FDCWD, old, AT_FDCWD, made, AT_SYMLINK_FOLLOW))));
    }

    private static NativeBuffer text(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        NativeBuffer text = new NativeBuffer(bytes.length + 1);
        text.bytes.put(0, bytes);
        return text;
    }
}
