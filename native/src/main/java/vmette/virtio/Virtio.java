package vmette.virtio;

/** Feature bits and ring constants of the Virtual I/O Device specification, version 1.2; sections in brackets. */
public final class Virtio {
    /** VIRTIO_F_INDIRECT_DESC, bit 28 [6, 2.7.5.3]: a descriptor may point at a table of descriptors. */
    public static final long F_INDIRECT_DESC = 1L << 28;

    /** VIRTIO_F_EVENT_IDX, bit 29 [6, 2.7.7, 2.7.10]: kicks and calls are asked for by index. */
    public static final long F_EVENT_IDX = 1L << 29;

    /** VIRTIO_F_VERSION_1, bit 32 [6]: not the legacy interface; little-endian throughout. */
    public static final long F_VERSION_1 = 1L << 32;

    /** Largest size of a split ring [2.7]; sizes are powers of two. */
    public static final int MAX_QUEUE_SIZE = 32768;

    /** VIRTQ_DESC_F_NEXT [2.7.5]: the chain goes on. */
    public static final int DESC_F_NEXT = 1;

    /** VIRTQ_DESC_F_WRITE [2.7.5]: the device writes here, otherwise it reads. */
    public static final int DESC_F_WRITE = 2;

    /** VIRTQ_DESC_F_INDIRECT [2.7.5]: a table of descriptors is here. */
    public static final int DESC_F_INDIRECT = 4;

    /** Bytes of one descriptor [2.7.5]; also the alignment of the table [2.7]. */
    public static final int DESC_SIZE = 16;

    /** Alignment of the available ring [2.7]. */
    public static final int AVAIL_ALIGN = 2;

    /** Alignment of the used ring [2.7]. */
    public static final int USED_ALIGN = 4;

    /** VIRTQ_AVAIL_F_NO_INTERRUPT [2.7.6]: the driver wants no calls. */
    public static final int AVAIL_F_NO_INTERRUPT = 1;

    /** VIRTQ_USED_F_NO_NOTIFY [2.7.8]: the device wants no kicks. */
    public static final int USED_F_NO_NOTIFY = 1;

    private Virtio() {}
}
