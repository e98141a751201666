package vmette.linux;

import java.nio.charset.StandardCharsets;

/** Anonymous memory files, memfd_create(2). */
public final class MemFd {
    /** MFD_CLOEXEC | MFD_ALLOW_SEALING, {@code include/uapi/linux/memfd.h}. */
    private static final int FLAGS = 1 | 2;

    /** F_ADD_SEALS and its seals, {@code include/uapi/linux/fcntl.h}. */
    private static final int F_ADD_SEALS = 1033;

    private static final int F_SEAL_SEAL_SHRINK_GROW = 1 | 2 | 4;

    private MemFd() {}

    /**
     * A new file of zeroes.
     *
     * @param name for people, in /proc/PID/fd; at most 249 bytes
     * @param size bytes, at least 0
     * @return owned by the caller
     */
    public static OwnedFd create(String name, long size) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        NativeBuffer text = new NativeBuffer(bytes.length + 1);
        text.bytes.put(0, bytes);
        OwnedFd fd = new OwnedFd(
                LibC.check("memfd_create", text.during(address -> LibC.memfd_create(address, FLAGS))));
        try {
            LibC.check("ftruncate", LibC.ftruncate(fd.fd(), size));
            return fd;
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /** Fixes its size for good: whoever maps it is safe from SIGBUS. */
    public static void sealSize(OwnedFd fd) {
        LibC.check("fcntl F_ADD_SEALS", LibC.fcntl(fd.fd(), F_ADD_SEALS, F_SEAL_SEAL_SHRINK_GROW));
    }
}
