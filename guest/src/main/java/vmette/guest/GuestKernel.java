package vmette.guest;

import java.nio.file.Path;

/**
 * What a VM is started with.
 *
 * @param kernel a bzImage, or a vmlinux with a PVH entry
 * @param initramfs the initramfs; PID 1 is {@value #INIT} in it, which the command line's {@code rdinit=} has to name
 * @param version the kernel's release as uname(2) is going to tell it, or the file's name where the file does not say
 */
public record GuestKernel(Path kernel, Path initramfs, String version) {
    /** Where the agent is in the initramfs. */
    public static final String INIT = "/vmette/agent";
}
