package vmette.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * libc by direct mapping. Pointers and {@code size_t} are longs, so only 64-bit systems are served; no varargs function
 * is declared with more than the registers of a plain call need (the third argument of fcntl and open is passed like a named one by
 * the x86-64 and aarch64 conventions).
 *
 * <p>errno: JNA saves it into a thread-local right after each direct call, before the JVM can disturb it, and {@link
 * Native#getLastError} reads that. A {@code throws LastErrorException} clause would throw for any errno left non-zero,
 * successful calls included, and would make EAGAIN an exception.
 */
final class LibC {
    static {
        if (Native.POINTER_SIZE != 8) {
            throw new LinuxException("vmette needs a 64-bit Linux", 38);
        }
        // the C library is part of the process already: no look-up of a file by name
        Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int close(int fd);

    static native long read(int fd, long buffer, long count);

    static native long write(int fd, long buffer, long count);

    static native long pread(int fd, long buffer, long count, long offset);

    static native long pwrite(int fd, long buffer, long count, long offset);

    static native int eventfd(int initial, int flags);

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int epfd, int op, int fd, long event);

    static native int epoll_wait(int epfd, long events, int maxEvents, int timeoutMillis);

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int connect(int fd, long address, int length);

    static native int accept4(int fd, long address, long length, int flags);

    static native long sendmsg(int fd, long message, int flags);

    static native long recvmsg(int fd, long message, int flags);

    static native int getsockopt(int fd, int level, int name, long value, long length);

    static native long mmap(long address, long length, int protection, int flags, int fd, long offset);

    static native int munmap(long address, long length);

    static native int memfd_create(long name, int flags);

    static native int ftruncate(int fd, long length);

    static native int geteuid();

    static native int getpagesize();

    static native int prctl(int option, long first, long second, long third, long fourth);

    static native int fcntl(int fd, int command, int argument);

    static native int open(long path, int flags, int mode);

    static native int flock(int fd, int operation);

    static native int linkat(int oldDirectory, long oldPath, int newDirectory, long newPath, int flags);

    static native long lseek(int fd, long offset, int whence);

    static native long llistxattr(long path, long list, long size);

    static native long lgetxattr(long path, long name, long value, long size);

    /** For calls that the C library got wrappers for only lately; varargs as for fcntl. */
    static native long syscall(long number, long first, long second, long third, long fourth);

    /** The errno of this thread's last call. */
    static int errno() {
        return Native.getLastError();
    }

    /** Passes a non-negative result on, throws for -1. */
    static int check(String syscall, int result) {
        if (result < 0) {
            throw new LinuxException(syscall, errno());
        }
        return result;
    }
}
