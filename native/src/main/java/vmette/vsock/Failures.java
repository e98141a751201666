package vmette.vsock;

import java.time.Duration;
import vmette.errors.VmSavedException;
import vmette.errors.VsockDriverRestartedException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;

/** What a handler is told when a connection fails: which one, why, and what can be done. */
final class Failures {
    private Failures() {}

    static VsockException refused(VsockConnection connection) {
        return new VsockException(connection + ": connection refused: nothing accepts on guest port "
                + Integer.toUnsignedString(connection.key().guestPort())
                + ", or its backlog is full; start the guest's listener before dialling it");
    }

    static VsockException dialTimedOut(VsockConnection connection, Duration timeout, boolean requestSent) {
        String why = requestSent
                ? "the guest did not answer; see whether it is stuck"
                : "the guest's vsock driver took no packet; it may need longer to boot";
        return new VsockException(connection + ": no connection within " + timeout + ": " + why);
    }

    static VsockException notAccepted(VsockConnection connection, Duration timeout) {
        return new VsockException(connection + ": not accepted within " + timeout);
    }

    static VsockException rejected(VsockConnection connection) {
        return new VsockException(connection + ": rejected");
    }

    static VsockException answeredAlready(Object request) {
        return new VsockException(request + ": it was answered before, or the guest has given up");
    }

    static VsockResetException resetByGuest(VsockConnection connection) {
        return new VsockResetException(connection + ": reset by the guest");
    }

    static VsockResetException resetByHost(VsockConnection connection) {
        return new VsockResetException(connection + ": reset by the host");
    }

    static VsockResetException violation(VsockConnection connection, String what) {
        return new VsockResetException(connection + ": reset: the guest broke the vsock protocol: it " + what);
    }

    static VsockResetException messageTooLong(VsockConnection connection, int length) {
        return new VsockResetException(connection + ": reset: a message of " + length
                + " bytes is larger than the guest's buffer and would never be read: send smaller messages, or raise"
                + " SO_VM_SOCKETS_BUFFER_SIZE in the guest's program");
    }

    static VsockResetException handlerFailed(VsockConnection connection, Throwable failure) {
        return new VsockResetException(connection + ": reset: its handler failed: " + failure, failure);
    }

    static VsockResetException unplugged(VsockConnection connection) {
        return new VmSavedException(
                connection + ": reset: its VM was saved, which no connection outlives: connect again");
    }

    static VsockResetException transportReset(VsockConnection connection) {
        return new VsockDriverRestartedException(connection + ": reset: the guest's vsock driver was restarted");
    }

    static VsockResetException ended(Object connection, String why) {
        return new VsockResetException(connection + ": reset: " + why);
    }

    static VsockException closed(int guestPort, String why) {
        return new VsockResetException(
                "no vsock connection to guest port " + Integer.toUnsignedString(guestPort) + ": " + why);
    }

    static VsockException noRoom(int guestPort, String limit) {
        return new VsockException("no vsock connection to guest port " + Integer.toUnsignedString(guestPort) + ": "
                + limit + "; close connections, or raise that limit");
    }
}
