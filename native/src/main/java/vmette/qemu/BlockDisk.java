package vmette.qemu;

import java.nio.file.Path;
import java.util.Objects;

/**
 * An image that the guest sees as a virtio disk.
 *
 * @param image a regular file or a block device, absolute
 * @param blockDevice which of the two
 * @param serial by which the guest finds it, at most {@value #MAX_SERIAL} printable ASCII characters; empty: it has none
 * @param readOnly whether writes are refused; only then may several VMs have it
 * @param ephemeral gone with the VM: what is written need not survive the host
 * @param content what of the image the guest sees
 */
public record BlockDisk(
        Path image, boolean blockDevice, String serial, boolean readOnly, boolean ephemeral, DiskContent content) {
    /** Virtio 1.1, 5.2.6.1. */
    public static final int MAX_SERIAL = 20;

    /** Checks what is given. */
    public BlockDisk {
        Objects.requireNonNull(content, "content");
        if (!image.isAbsolute() || serial.length() > MAX_SERIAL || !serial.matches("[A-Za-z0-9-]*")) {
            throw new IllegalArgumentException("disk " + image + " with serial " + serial);
        }
    }

    /** A raw image. */
    public BlockDisk(Path image, boolean blockDevice, String serial, boolean readOnly, boolean ephemeral) {
        this(image, blockDevice, serial, readOnly, ephemeral, new DiskContent.Raw());
    }
}
