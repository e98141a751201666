package vmette.actors;

import vmette.errors.GuestConnectException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.linux.Errno;

/** What an errno of the guest's means to whoever wanted a TCP connection. */
final class ForwardFailures {
    private static final int ETIMEDOUT = 110;

    private ForwardFailures() {}

    static VsockException notConnected(String vm, int port, int errno) {
        String what = "port " + port + " of the guest of VM " + vm;
        return new GuestConnectException(
                errno,
                switch (errno) {
                    case Errno.ECONNREFUSED ->
                        "nobody listens on TCP " + what
                                + ": start its server first, on the guest's loopback address or on all";
                    case ETIMEDOUT -> "TCP " + what + " does not answer: its server accepts no connections";
                    case Errno.EAGAIN ->
                        "TCP " + what + " was not connected to: the guest's agent has as many forwarded connections"
                                + " as it takes";
                    default ->
                        "TCP " + what + " could not be connected to: " + Errno.strerror(errno) + " ("
                                + Errno.name(errno) + ")";
                });
    }

    static VsockException lost(String vm, int port, int errno) {
        return new VsockResetException("the connection to TCP port " + port + " of the guest of VM " + vm
                + " was lost in the guest: " + Errno.strerror(errno) + " (" + Errno.name(errno) + ")");
    }
}
