package vmette.vhostuser;

/** Feature bits of the vhost-user protocol, QEMU's {@code docs/interop/vhost-user.rst}. */
public final class VhostUser {
    /** VHOST_USER_F_PROTOCOL_FEATURES, bit 30 of the virtio features: the protocol has features of its own. */
    public static final long F_PROTOCOL_FEATURES = 1L << 30;

    /** VHOST_USER_PROTOCOL_F_MQ: GET_QUEUE_NUM is answered. */
    public static final long PROTOCOL_F_MQ = 1L;

    /** VHOST_USER_PROTOCOL_F_REPLY_ACK: requests are acknowledged where asked. */
    public static final long PROTOCOL_F_REPLY_ACK = 1L << 3;

    /** VHOST_USER_PROTOCOL_F_CONFIG: the configuration space is the back-end's. */
    public static final long PROTOCOL_F_CONFIG = 1L << 9;

    /** All protocol features of this back-end. */
    public static final long PROTOCOL_FEATURES = PROTOCOL_F_MQ | PROTOCOL_F_REPLY_ACK | PROTOCOL_F_CONFIG;

    private VhostUser() {}
}
