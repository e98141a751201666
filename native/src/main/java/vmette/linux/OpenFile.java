package vmette.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Descriptors of plain files, open(2), for what the JDK's channels do not tell. */
public final class OpenFile {
    /** O_RDONLY | O_CLOEXEC, {@code include/uapi/asm-generic/fcntl.h}. */
    private static final int FLAGS = 02000000;

    private OpenFile() {}

    /**
     * Opens a file for reading. While the descriptor is open {@link #path} leads to it, whatever becomes of its name.
     *
     * @return owned by the caller
     */
    public static OwnedFd read(Path file) {
        byte[] bytes = file.toString().getBytes(StandardCharsets.UTF_8);
        NativeBuffer text = new NativeBuffer(bytes.length + 1);
        text.bytes.put(0, bytes);
        return new OwnedFd(LibC.check("open " + file, text.during(path -> LibC.open(path, FLAGS, 0))));
    }

    /** By which this process can open it anew, proc(5). */
    public static Path path(OwnedFd fd) {
        return Path.of("/proc/self/fd/" + fd.fd());
    }
}
