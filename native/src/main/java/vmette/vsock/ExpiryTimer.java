package vmette.vsock;

import java.time.Duration;

/** Sets a time at which something happens, on the loop. */
@FunctionalInterface
interface ExpiryTimer {
    /** Something that will happen. */
    interface Expiry {
        /** It will not. Without effect once it has begun. */
        void cancel();
    }

    Expiry after(Duration delay, Runnable action);
}
