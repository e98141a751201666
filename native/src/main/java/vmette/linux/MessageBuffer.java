package vmette.linux;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One struct msghdr with an iovec, room for control data and for bytes, laid out by hand for sendmsg(2) and recvmsg(2)
 * on 64-bit Linux; see cmsg(3) for the control part.
 */
final class MessageBuffer {
    /** SOL_SOCKET, {@code include/uapi/asm-generic/socket.h}. */
    static final int SOL_SOCKET = 1;

    /** SCM_RIGHTS, {@code include/linux/socket.h}. */
    private static final int SCM_RIGHTS = 1;

    private static final int MSG_IOV = 16;
    private static final int MSG_IOVLEN = 24;
    private static final int MSG_CONTROL = 32;
    private static final int MSG_CONTROLLEN = 40;
    private static final int MSG_FLAGS = 48;
    private static final int IOVEC = 56;
    private static final int CONTROL = 72;
    private static final int CMSG_HEADER = 16;
    private static final int CONTROL_SIZE = CMSG_HEADER + 4 * UnixSocket.MAX_FDS;
    private static final int DATA = CONTROL + CONTROL_SIZE;
    static final int CAPACITY = 4096;

    private final NativeBuffer memory = new NativeBuffer(DATA + CAPACITY);

    long address() {
        return memory.address;
    }

    private void header(int bytes, int controlBytes) {
        ByteBuffer m = memory.bytes;
        m.putLong(0, 0).putLong(8, 0);
        m.putLong(MSG_IOV, memory.address + IOVEC).putLong(MSG_IOVLEN, 1);
        m.putLong(MSG_CONTROL, controlBytes == 0 ? 0 : memory.address + CONTROL);
        m.putLong(MSG_CONTROLLEN, controlBytes);
        m.putLong(MSG_FLAGS, 0);
        m.putLong(IOVEC, memory.address + DATA).putLong(IOVEC + 8, bytes);
    }

    /** Prepares to send; the source's position stays. Returns how many bytes fit. */
    int fill(ByteBuffer source, int... fds) {
        int length = Math.min(source.remaining(), CAPACITY);
        memory.bytes.put(DATA, source, source.position(), length);
        header(length, fds.length == 0 ? 0 : align(CMSG_HEADER + 4 * fds.length));
        if (fds.length > 0) {
            memory.bytes.putLong(CONTROL, CMSG_HEADER + 4L * fds.length);
            memory.bytes.putInt(CONTROL + 8, SOL_SOCKET).putInt(CONTROL + 12, SCM_RIGHTS);
            for (int i = 0; i < fds.length; i++) {
                memory.bytes.putInt(CONTROL + CMSG_HEADER + 4 * i, fds[i]);
            }
        }
        return length;
    }

    void prepareToReceive(int bytes) {
        header(Math.min(bytes, CAPACITY), CONTROL_SIZE);
    }

    void copyData(int length, ByteBuffer target) {
        target.put(target.position(), memory.bytes, DATA, length);
        target.position(target.position() + length);
    }

    /** Takes over every descriptor received. */
    void takeFds(List<OwnedFd> target) {
        int end = CONTROL + (int) Math.min(memory.bytes.getLong(MSG_CONTROLLEN), CONTROL_SIZE);
        int at = CONTROL;
        while (at + CMSG_HEADER <= end) {
            int length = (int) Math.min(memory.bytes.getLong(at), end - at);
            if (length < CMSG_HEADER) {
                return;
            }
            if (memory.bytes.getInt(at + 8) == SOL_SOCKET && memory.bytes.getInt(at + 12) == SCM_RIGHTS) {
                for (int fd = at + CMSG_HEADER; fd + 4 <= at + length; fd += 4) {
                    target.add(new OwnedFd(memory.bytes.getInt(fd)));
                }
            }
            at += align(length);
        }
    }

    int flags() {
        return memory.bytes.getInt(MSG_FLAGS);
    }

    private static int align(int length) {
        return (length + 7) & ~7;
    }
}
