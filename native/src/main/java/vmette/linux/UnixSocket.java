package vmette.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A non-blocking stream socket of the Unix domain, unix(7), closed on exec. Owns its descriptor. Used by one thread.
 */
public final class UnixSocket implements AutoCloseable {
    /** Longest path in bytes: sun_path of unix(7) less the NUL. */
    public static final int MAX_PATH = 107;

    /** Most descriptors in one message of ours; the kernel's limit is 253 (SCM_MAX_FD). */
    public static final int MAX_FDS = 16;

    /** What {@link #send} and {@link #receive} return where a blocking socket would wait. */
    public static final int WOULD_BLOCK = -1;

    private static final int AF_UNIX = 1;
    // SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, include/linux/net.h; the flags are O_CLOEXEC and O_NONBLOCK
    private static final int SOCK_FLAGS = 02000000 | 04000;
    private static final int SOCK_TYPE = 1 | SOCK_FLAGS;
    private static final int SO_PEERCRED = 17;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final OwnedFd fd;
    private MessageBuffer buffer;

    private UnixSocket(OwnedFd fd) {
        this.fd = fd;
    }

    /**
     * Binds and listens: socket(2), bind(2), chmod(2) to 0600, listen(2); nobody can connect before the mode is set.
     * The file at the path is the caller's to unlink.
     *
     * @param path at most {@link #MAX_PATH} bytes, nothing there yet
     * @param backlog connections that may wait to be accepted
     */
    public static UnixSocket listen(Path path, int backlog) {
        NativeBuffer address = address(path);
        UnixSocket socket = open();
        try {
            int length = address.bytes.capacity();
            LibC.check("bind " + path, address.during(at -> LibC.bind(socket.fd(), at, length)));
            try {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            } catch (IOException e) {
                LinuxException failure = new LinuxException("chmod " + path, Errno.EACCES);
                failure.initCause(e);
                throw failure;
            }
            LibC.check("listen", LibC.listen(socket.fd(), backlog));
            return socket;
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects, connect(2); at once or not at all, as this domain does.
     *
     * @throws LinuxException with EAGAIN if the listener's backlog is full, ECONNREFUSED if nobody listens
     */
    public static UnixSocket connect(Path path) {
        NativeBuffer address = address(path);
        UnixSocket socket = open();
        try {
            int length = address.bytes.capacity();
            int connected;
            do {
                connected = address.during(at -> LibC.connect(socket.fd(), at, length));
            } while (connected < 0 && LibC.errno() == Errno.EINTR);
            LibC.check("connect " + path, connected);
            return socket;
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    private static UnixSocket open() {
        return new UnixSocket(new OwnedFd(LibC.check("socket", LibC.socket(AF_UNIX, SOCK_TYPE, 0))));
    }

    private static NativeBuffer address(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_PATH) {
            throw new LinuxException("socket path " + path + " of " + bytes.length + " bytes", 36);
        }
        NativeBuffer address = new NativeBuffer(2 + bytes.length + 1);
        address.bytes.putShort(0, (short) AF_UNIX).put(2, bytes);
        return address;
    }

    /** Takes the next connection, accept4(2); empty if none waits. The caller owns it. */
    public Optional<UnixSocket> accept() {
        int accepted;
        do {
            accepted = LibC.accept4(fd.fd(), 0, 0, SOCK_FLAGS);
        } while (accepted < 0 && LibC.errno() == Errno.EINTR);
        if (accepted < 0 && LibC.errno() == Errno.EAGAIN) {
            return Optional.empty();
        }
        return Optional.of(new UnixSocket(new OwnedFd(LibC.check("accept4", accepted))));
    }

    /**
     * Sends, sendmsg(2) without SIGPIPE; moves the source's position by what was sent. Descriptors travel with the
     * first byte or not at all, and stay the caller's.
     *
     * @param source at least 1 byte
     * @param fds at most {@link #MAX_FDS}
     * @return bytes sent, or {@link #WOULD_BLOCK}
     */
    public int send(ByteBuffer source, int... fds) {
        if (fds.length > MAX_FDS || !source.hasRemaining()) {
            throw new IllegalArgumentException(source.remaining() + " bytes with " + fds.length + " descriptors");
        }
        buffer().fill(source, fds);
        long sent;
        do {
            sent = LibC.sendmsg(fd.fd(), buffer.address(), MSG_NOSIGNAL | MSG_DONTWAIT);
        } while (sent < 0 && LibC.errno() == Errno.EINTR);
        if (sent < 0) {
            if (LibC.errno() == Errno.EAGAIN) {
                return WOULD_BLOCK;
            }
            throw new LinuxException("sendmsg", LibC.errno());
        }
        source.position(source.position() + (int) sent);
        return (int) sent;
    }

    /**
     * Receives, recvmsg(2); moves the target's position.
     *
     * @param target at least 1 byte free
     * @param fds descriptors that came along are appended, closed on exec, owned by the caller from then on
     * @return bytes received, 0 at end of file, or {@link #WOULD_BLOCK}
     * @throws LinuxException EMSGSIZE if descriptors were lost (more than {@link #MAX_FDS}, or this process may have no
     *     more); those that did come are closed
     */
    public int receive(ByteBuffer target, List<OwnedFd> fds) {
        if (!target.hasRemaining()) {
            throw new IllegalArgumentException("no room to receive into");
        }
        buffer().prepareToReceive(target.remaining());
        long received;
        do {
            received = LibC.recvmsg(fd.fd(), buffer.address(), MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        } while (received < 0 && LibC.errno() == Errno.EINTR);
        if (received < 0) {
            if (LibC.errno() == Errno.EAGAIN) {
                return WOULD_BLOCK;
            }
            throw new LinuxException("recvmsg", LibC.errno());
        }
        List<OwnedFd> taken = new ArrayList<>(0);
        buffer.takeFds(taken);
        if ((buffer.flags() & MSG_CTRUNC) != 0) {
            taken.forEach(OwnedFd::close);
            throw new LinuxException("recvmsg: descriptors lost", Errno.EMSGSIZE);
        }
        fds.addAll(taken);
        buffer.copyData((int) received, target);
        return (int) received;
    }

    private MessageBuffer buffer() {
        if (buffer == null) {
            buffer = new MessageBuffer();
        }
        return buffer;
    }

    /** Who connected, getsockopt(2) SO_PEERCRED. */
    public PeerCredentials peerCredentials() {
        NativeBuffer memory = new NativeBuffer(16);
        memory.bytes.putInt(12, 12);
        int result =
                memory.during(at -> LibC.getsockopt(fd.fd(), MessageBuffer.SOL_SOCKET, SO_PEERCRED, at, at + 12));
        LibC.check("getsockopt SO_PEERCRED", result);
        return new PeerCredentials(memory.bytes.getInt(0), memory.bytes.getInt(4), memory.bytes.getInt(8));
    }

    /** The effective user of this process, geteuid(2): what a peer's uid is compared with. */
    public static int ownUid() {
        return LibC.geteuid();
    }

    /** The descriptor's number, owned by this object. */
    public int fd() {
        return fd.fd();
    }

    @Override
    public void close() {
        fd.close();
    }
}
