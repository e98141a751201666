package vmette.guest;

/** What can be fetched for a guest. */
enum AssetKind {
    KERNEL("kernel"),
    BUSYBOX("busybox");

    private final String label;

    AssetKind(String label) {
        this.label = label;
    }

    /** As it is called in file names and messages. */
    String label() {
        return label;
    }
}
