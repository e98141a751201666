package vmette.rootfs;

/** The file system in a block image: one that the guest's kernel mounts read-only. */
public enum ImageFormat {
    /** Squashfs. */
    SQUASHFS("squashfs"),
    /** The enhanced read-only file system. */
    EROFS("erofs"),
    /** The fourth extended file system. */
    EXT4("ext4");

    private final String word;

    ImageFormat(String word) {
        this.word = word;
    }

    /** As mount(8) and the kernel's module call it. */
    public String word() {
        return word;
    }
}
