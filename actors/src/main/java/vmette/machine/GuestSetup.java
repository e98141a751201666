package vmette.machine;

import java.util.List;
import vmette.guest.protocol.HostFrame;
import vmette.rootfs.ImageDefaults;

/**
 * What a machine's guest has to be told before its first command.
 *
 * @param frames to be sent between HELLO and BOOT, in this order
 * @param defaults what the root's image says of commands
 * @param restored its guest was saved and goes on: it is told RESTORE instead of these frames and BOOT
 */
public record GuestSetup(List<HostFrame> frames, ImageDefaults defaults, boolean restored) {
    /** A guest whose commands stay in the initramfs. */
    public static final GuestSetup NONE = new GuestSetup(List.of(), ImageDefaults.NONE);

    /** For a guest that boots. */
    public GuestSetup(List<HostFrame> frames, ImageDefaults defaults) {
        this(frames, defaults, false);
    }

    /** Copies what is given. */
    public GuestSetup {
        frames = List.copyOf(frames);
    }
}
