package vmette.guest.protocol;

/** What a booted guest's commands see as {@code /}. */
public enum RootMode implements WireValue {
    /** The initramfs itself. */
    INITRAMFS(0);

    private final int wire;

    RootMode(int wire) {
        this.wire = wire;
    }

    /** BOOT's {@code u8 root}. */
    @Override
    public int wire() {
        return wire;
    }
}
