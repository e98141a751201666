package vmette.guest.protocol;

/** The {@code u8 type} of every frame. */
final class FrameType {
    static final int HELLO = 0x01;
    static final int BOOT = 0x02;
    static final int EXEC = 0x03;
    static final int SIGNAL = 0x04;
    static final int RESIZE = 0x05;
    static final int PING = 0x06;
    static final int SHUTDOWN = 0x07;
    static final int DISCARD = 0x08;
    static final int ATTACH = 0x09;
    static final int RELEASE = 0x0a;
    static final int FORWARD = 0x0b;
    static final int SCRATCH = 0x0c;
    static final int ROOT = 0x0d;
    static final int SHARE = 0x0e;
    static final int NET = 0x0f;
    static final int TRUST = 0x10;
    static final int RESTORE = 0x11;
    static final int INSTANCE = 0x12;

    static final int AGENT_HELLO = 0x81;
    static final int READY = 0x82;
    static final int ERROR = 0x83;
    static final int STARTED = 0x84;
    static final int EXEC_FAILED = 0x85;
    static final int PONG = 0x86;
    static final int EXITED = 0x87;
    static final int ATTACHED = 0x88;
    static final int FORWARDED = 0x89;
    static final int RESTORED = 0x8a;

    private FrameType() {}
}
