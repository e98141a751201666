package vmette.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A pseudo-terminal for tests, pty(7): this end is the master, what is told to programs is the path of the other. */
public final class Pty implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int O_NOCTTY = 0400;
    private static final int O_CLOEXEC = 02000000;
    private static final long TIOCSWINSZ = 0x5414;

    private final OwnedFd master;
    private final OwnedFd slave;
    private final Path path;

    /** What tests alone need of libc. */
    private static final class Calls {
        static {
            Native.register(Calls.class, NativeLibrary.getProcess());
        }

        static native int posix_openpt(int flags);

        static native int unlockpt(int fd);

        static native int ptsname_r(int fd, long name, long size);

        static native int open(long path, int flags);
    }

    private Pty(OwnedFd master, OwnedFd slave, Path path) {
        this.master = master;
        this.slave = slave;
        this.path = path;
    }

    public static Pty open() {
        OwnedFd master = new OwnedFd(LibC.check("posix_openpt", Calls.posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)));
        LibC.check("unlockpt", Calls.unlockpt(master.fd()));
        NativeBuffer name = new NativeBuffer(64);
        if (name.during(address -> Calls.ptsname_r(master.fd(), address, 64)) != 0) {
            throw new IllegalStateException("ptsname_r");
        }
        int slave = name.during(address -> Calls.open(address, O_RDWR | O_NOCTTY | O_CLOEXEC));
        byte[] bytes = new byte[64];
        name.bytes.get(0, bytes);
        String path = new String(bytes, StandardCharsets.US_ASCII);
        return new Pty(master, new OwnedFd(LibC.check("open", slave)), Path.of(path.substring(0, path.indexOf('\0'))));
    }

    /** The end that a program has as its terminal. */
    public int fd() {
        return slave.fd();
    }

    public Path path() {
        return path;
    }

    /** As somebody types it. */
    public void type(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeBuffer buffer = new NativeBuffer(bytes.length);
        buffer.bytes.put(0, bytes);
        LibC.check("write", buffer.during(address -> (int) LibC.write(master.fd(), address, bytes.length)));
    }

    public void resize(int rows, int columns) {
        NativeBuffer size = new NativeBuffer(8);
        size.bytes.putShort(0, (short) rows).putShort(2, (short) columns);
        LibC.check("TIOCSWINSZ", size.during(address -> TerminalCalls.ioctl(master.fd(), TIOCSWINSZ, address)));
    }

    /** Whoever has the other end sees a terminal that was hung up. */
    public void hangUp() {
        master.close();
    }

    @Override
    public void close() {
        slave.close();
        master.close();
    }
}
