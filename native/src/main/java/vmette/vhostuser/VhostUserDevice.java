package vmette.vhostuser;

/**
 * What a virtio device implements to be served by a {@code BackendSession}. Every method is called on the loop's
 * thread.
 */
public interface VhostUserDevice {
    /** How many virtqueues the back-end owns; for vsock 2: RX is 0, TX is 1. */
    int queueCount();

    /** Device feature bits offered besides VIRTIO_F_VERSION_1, the ring features and VHOST_USER_F_PROTOCOL_FEATURES. */
    long deviceFeatures();

    /** The device's whole configuration space, little-endian; a copy. */
    byte[] config();

    /**
     * A ring is set up, started and enabled; the device may use it until {@link #ringStopped}. A ring may hold chains
     * already.
     */
    void ringStarted(int index, Vring ring);

    /**
     * The front-end is about to stop the ring in order, by GET_VRING_BASE or ENABLE(0), as it does when the driver resets the device or the VM is paused. What the driver has made available is there for the last
     * time: after a reset its memory is used for something else. {@link #ringStopped} follows.
     */
    default void ringStopping(int index) {}

    /** The ring must not be touched any more; chains not returned are forgotten. */
    void ringStopped(int index);

    /** The driver kicked. */
    void ringKicked(int index);

    /**
     * The front-end has gone or broke the protocol. Rings still running have been stopped before. Last call.
     *
     * @param reason one line, for people
     */
    void disconnected(String reason);
}
