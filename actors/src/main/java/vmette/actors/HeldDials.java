package vmette.actors;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import vmette.errors.VsockException;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/** Dials that wait for a guest, each as long as its own timeout says. Bounded. Not for several threads; handlers are called by nobody but {@link Dial#refuse}. */
final class HeldDials {
    /** That may wait; one beyond is refused. */
    static final int MOST = 1024;

    /** One of them. */
    record Dial(VsockType type, int port, Duration timeout, VsockChannelHandler handler, long since) {
        /** Goes on with what is left of its time. */
        void go(VsockHost host) {
            Duration left = left(System.nanoTime());
            if (left.isNegative() || left.isZero()) {
                refuse("its guest was not restored in time");
            } else {
                host.connect(type, port, left, handler);
            }
        }

        void refuse(String why) {
            handler.onReset(notDialled(port, why));
        }

        private Duration left(long now) {
            return timeout.minusNanos(now - since);
        }
    }

    private final List<Dial> dials = new ArrayList<>();

    /** Whether it waits; else there is no room for it. */
    boolean add(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        return dials.size() < MOST && dials.add(new Dial(type, port, timeout, handler, System.nanoTime()));
    }

    /** All, in the order in which they came; none waits any more. */
    List<Dial> take() {
        List<Dial> taken = List.copyOf(dials);
        dials.clear();
        return taken;
    }

    /** Those whose time is over; they wait no more. */
    List<Dial> takeLate() {
        long now = System.nanoTime();
        List<Dial> late = new ArrayList<>();
        for (Iterator<Dial> each = dials.iterator(); each.hasNext(); ) {
            Dial dial = each.next();
            if (dial.left(now).isNegative()) {
                late.add(dial);
                each.remove();
            }
        }
        return late;
    }

    static VsockException notDialled(int port, String why) {
        return new VsockException("guest port " + Integer.toUnsignedString(port) + " was not dialled: " + why);
    }
}
