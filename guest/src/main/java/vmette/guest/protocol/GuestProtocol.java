package vmette.guest.protocol;

/** The numbers both ends agree on ({@code docs/guest-protocol.md}). */
public final class GuestProtocol {
    /** The version that both HELLO frames carry; ends with differing versions part. */
    public static final int VERSION = 2;

    /** The vsock port on which the agent listens. */
    public static final int PORT = 1024;

    /** The greatest length of a frame's type and body together, in bytes. */
    public static final int MAX_FRAME = 1 << 20;

    /** How many executions the agent holds at a time. */
    public static final int MAX_EXECUTIONS = 256;

    /** The largest replay ring of one output, in bytes. */
    public static final int MAX_REPLAY = 64 << 20;

    /** How many certificates the agent takes before BOOT. */
    public static final int MAX_CERTIFICATES = 1024;

    /** How many bytes of certificates it takes, with the length of each. */
    public static final int MAX_TRUST = 1 << 20;

    private GuestProtocol() {}
}
