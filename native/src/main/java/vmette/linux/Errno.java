package vmette.linux;

import java.util.Map;

/**
 * Error numbers of the kernel, {@code include/uapi/asm-generic/errno-base.h} and {@code errno.h} (the same on x86-64
 * and aarch64), see errno(3).
 */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;

    /** No such file or directory. */
    public static final int ENOENT = 2;

    /** No such process. */
    public static final int ESRCH = 3;

    /** Interrupted by a signal; every wrapper of this package retries. */
    public static final int EINTR = 4;

    /** Input/output error; of a terminal: it was hung up. */
    public static final int EIO = 5;

    /** Bad file descriptor. */
    public static final int EBADF = 9;

    /** Would block; a value here, never an exception. */
    public static final int EAGAIN = 11;

    /** Permission denied. */
    public static final int EACCES = 13;

    /** Invalid argument. */
    public static final int EINVAL = 22;

    /** Broken pipe. */
    public static final int EPIPE = 32;

    /** Message too long; also what a truncated set of descriptors is reported as. */
    public static final int EMSGSIZE = 90;

    /** Address already in use. */
    public static final int EADDRINUSE = 98;

    /** Connection reset by peer. */
    public static final int ECONNRESET = 104;

    /** Connection refused. */
    public static final int ECONNREFUSED = 111;

    private static final Map<Integer, String[]> KNOWN = Map.ofEntries(
            known(EPERM, "EPERM", "operation not permitted"),
            known(ENOENT, "ENOENT", "no such file or directory"),
            known(ESRCH, "ESRCH", "no such process"),
            known(EINTR, "EINTR", "interrupted system call"),
            known(EIO, "EIO", "input/output error"),
            known(6, "ENXIO", "no such device or address"),
            known(EBADF, "EBADF", "bad file descriptor"),
            known(EAGAIN, "EAGAIN", "resource temporarily unavailable"),
            known(12, "ENOMEM", "cannot allocate memory"),
            known(EACCES, "EACCES", "permission denied"),
            known(14, "EFAULT", "bad address"),
            known(16, "EBUSY", "device or resource busy"),
            known(17, "EEXIST", "file exists"),
            known(18, "EXDEV", "invalid cross-device link"),
            known(19, "ENODEV", "no such device"),
            known(20, "ENOTDIR", "not a directory"),
            known(21, "EISDIR", "is a directory"),
            known(EINVAL, "EINVAL", "invalid argument"),
            known(23, "ENFILE", "too many open files in system"),
            known(24, "EMFILE", "too many open files"),
            known(25, "ENOTTY", "not a terminal"),
            known(26, "ETXTBSY", "text file busy"),
            known(27, "EFBIG", "file too large"),
            known(28, "ENOSPC", "no space left on device"),
            known(29, "ESPIPE", "illegal seek"),
            known(30, "EROFS", "read-only file system"),
            known(31, "EMLINK", "too many links"),
            known(EPIPE, "EPIPE", "broken pipe"),
            known(36, "ENAMETOOLONG", "file name too long"),
            known(38, "ENOSYS", "function not implemented"),
            known(39, "ENOTEMPTY", "directory not empty"),
            known(40, "ELOOP", "too many levels of symbolic links"),
            known(71, "EPROTO", "protocol error"),
            known(75, "EOVERFLOW", "value too large for its data type"),
            known(84, "EILSEQ", "invalid byte sequence"),
            known(88, "ENOTSOCK", "socket operation on non-socket"),
            known(EMSGSIZE, "EMSGSIZE", "message too long"),
            known(95, "EOPNOTSUPP", "operation not supported"),
            known(EADDRINUSE, "EADDRINUSE", "address already in use"),
            known(ECONNRESET, "ECONNRESET", "connection reset by peer"),
            known(105, "ENOBUFS", "no buffer space available"),
            known(107, "ENOTCONN", "not connected"),
            known(109, "ETOOMANYREFS", "too many references (descriptors in flight)"),
            known(110, "ETIMEDOUT", "timed out"),
            known(ECONNREFUSED, "ECONNREFUSED", "connection refused"),
            known(116, "ESTALE", "stale file handle"),
            known(122, "EDQUOT", "disk quota exceeded"),
            known(125, "ECANCELED", "operation canceled"));

    private Errno() {}

    private static Map.Entry<Integer, String[]> known(int errno, String name, String text) {
        return Map.entry(errno, new String[] {name, text});
    }

    /** The symbol, such as {@code ENOENT}; {@code errno N} for one not in the table. */
    public static String name(int errno) {
        String[] known = KNOWN.get(errno);
        return known == null ? "errno " + errno : known[0];
    }

    /** Words for people, as strerror(3) would have them in English. */
    public static String strerror(int errno) {
        String[] known = KNOWN.get(errno);
        return known == null ? "unknown error " + errno : known[1];
    }
}
