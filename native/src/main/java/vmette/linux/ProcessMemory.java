package vmette.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Another process's memory through {@code /proc/PID/mem}, proc(5). The descriptor names the address space that the
 * process had when it was opened, whoever is given the pid later and whatever program the process executes; once that
 * address space is gone every transfer fails with ESRCH. Owns the descriptor. Not thread-safe.
 *
 * <p>The kernel copies each page's part of a transfer by one memcpy. Of two bytes that may copy one after the other (x86
 * does, some ways), of an aligned word of 4 or 8 bytes no kernel does. A transfer is no fence.
 */
public final class ProcessMemory implements AutoCloseable {
    /** O_RDWR | O_CLOEXEC, {@code include/uapi/asm-generic/fcntl.h}. */
    private static final int FLAGS = 2 | 0x8_0000;

    private static final int CHUNK = 64 << 10;

    private final long pid;
    private final OwnedFd fd;
    private final NativeBuffer chunk = new NativeBuffer(CHUNK);
    private final ByteBuffer bytes = chunk.bytes.order(ByteOrder.LITTLE_ENDIAN);

    private ProcessMemory(long pid, OwnedFd fd) {
        this.pid = pid;
        this.fd = fd;
    }

    /**
     * Opens the memory of the process that has this pid now: who that is, is the caller's to know, before and after.
     *
     * @throws LinuxException ENOENT if there is none, EACCES or EPERM if we may not trace it (ptrace(2), "Ptrace access
     *     mode checking")
     */
    public static ProcessMemory open(long pid) {
        byte[] path = ("/proc/" + pid + "/mem").getBytes(StandardCharsets.US_ASCII);
        NativeBuffer text = new NativeBuffer(path.length + 1);
        text.bytes.put(0, path);
        int opened = text.during(address -> LibC.open(address, FLAGS, 0));
        return new ProcessMemory(pid, new OwnedFd(LibC.check("open /proc/" + pid + "/mem", opened)));
    }

    /** Whose memory this is. */
    public long pid() {
        return pid;
    }

    /**
     * Reads a little-endian number by one transfer.
     *
     * @param address in that process; one that is divisible by {@code size} lies in one page
     * @param size 1 to 8 bytes
     * @return what is above them is zero
     * @throws LinuxException EIO if there is no memory, ESRCH if the process is gone
     */
    public long read(long address, int size) {
        bytes.putLong(0, 0);
        fill(address, size);
        return bytes.getLong(0);
    }

    /**
     * Writes a little-endian number by one transfer.
     *
     * @param size 1 to 8 bytes
     * @throws LinuxException as {@link #read(long, int)}
     */
    public void write(long address, long value, int size) {
        bytes.putLong(0, value);
        drain(address, size);
    }

    /**
     * Copies out of that process.
     *
     * @throws LinuxException as {@link #read(long, int)}; then some may have been copied
     */
    public void read(long address, byte[] target, int offset, int length) {
        for (int done = 0; done < length; ) {
            int here = Math.min(length - done, CHUNK);
            fill(address + done, here);
            bytes.get(0, target, offset + done, here);
            done += here;
        }
    }

    /**
     * Copies into that process.
     *
     * @throws LinuxException as {@link #read(long, int)}; then some may have been copied
     */
    public void write(long address, byte[] source, int offset, int length) {
        for (int done = 0; done < length; ) {
            int here = Math.min(length - done, CHUNK);
            bytes.put(0, source, offset + done, here);
            drain(address + done, here);
            done += here;
        }
    }

    private void fill(long address, int length) {
        for (int done = 0; done < length; ) {
            long got = LibC.pread(fd.fd(), chunk.address + done, length - done, address + done);
            done += moved("read", got, address + done, length - done);
        }
    }

    private void drain(long address, int length) {
        for (int done = 0; done < length; ) {
            long put = LibC.pwrite(fd.fd(), chunk.address + done, length - done, address + done);
            done += moved("write", put, address + done, length - done);
        }
    }

    private int moved(String what, long count, long address, int wanted) {
        if (count > 0) {
            return (int) count;
        }
        // The kernel has no error for an address space that is gone: it moves nothing.
        int errno = count == 0 ? Errno.ESRCH : LibC.errno();
        if (errno == Errno.EINTR) {
            return 0;
        }
        throw new LinuxException(
                what + " " + wanted + " bytes at 0x" + Long.toHexString(address) + " of process " + pid, errno);
    }

    /** Closes the descriptor; every transfer after that is an {@link IllegalStateException}. Idempotent. */
    @Override
    public void close() {
        fd.close();
    }
}
