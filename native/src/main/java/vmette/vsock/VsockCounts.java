package vmette.vsock;

/**
 * What has gone over a vsock.
 *
 * @param connections that there are now, those that wait to be accepted or dialled included
 * @param received bytes of payload from the guest (TX), since the device began
 * @param sent bytes of payload to the guest (RX), since the device began
 */
public record VsockCounts(long connections, long received, long sent) {
    /** Nothing. */
    public static final VsockCounts NONE = new VsockCounts(0, 0, 0);

    /** Both. */
    public VsockCounts plus(VsockCounts other) {
        return new VsockCounts(connections + other.connections, received + other.received, sent + other.sent);
    }

    /** What is left of it when its device has ended. */
    public VsockCounts ended() {
        return new VsockCounts(0, received, sent);
    }
}
