package vmette.libvmette;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/**
 * What a {@code vmette_config_t} holds. Paths are text for the library, absolute, since its process has another working directory. Immutable.
 *
 * @param kernel what boots; empty: one that the library finds, if it does such a thing
 * @param initramfs as the kernel
 * @param cmdline the tunable part of the kernel command line
 * @param rootfs a directory of the host as the guest's root
 * @param rootfsReadOnly whether writes to it fail; without a root it is false
 * @param shares directories by their tags
 * @param env environment of the command by names
 * @param disks raw images in their order
 * @param exec the command; empty: an interactive shell
 * @param net a network card
 * @param switchRoot switch_root instead of chroot
 * @param vsockPort negative: none; 0: a free one; else the one on which the library listens
 * @param guestVsockPort of a snapshot's guest, unsigned 32 bits
 * @param timeoutSeconds unsigned 32 bits, 0: none
 * @param vcpus 1 to 255
 * @param memMib at least 1
 * @param scratchMib 0: none
 * @param buildSnapshot where the VM is to be saved
 * @param resumeSnapshot from where it is to be restored
 */
record RunConfig(
        String kernel,
        String initramfs,
        Optional<String> cmdline,
        Optional<String> rootfs,
        boolean rootfsReadOnly,
        SortedMap<String, String> shares,
        SortedMap<String, String> env,
        List<String> disks,
        Optional<String> exec,
        boolean net,
        boolean switchRoot,
        int vsockPort,
        long guestVsockPort,
        long timeoutSeconds,
        int vcpus,
        long memMib,
        long scratchMib,
        Optional<String> buildSnapshot,
        Optional<String> resumeSnapshot) {
    private static final long UINT32_MAX = 0xffffffffL;

    RunConfig {
        CText.check("kernel", kernel);
        CText.check("initramfs", initramfs);
        cmdline.ifPresent(text -> CText.check("cmdline", text));
        rootfs.ifPresent(text -> CText.check("rootfs", text));
        if (rootfsReadOnly && rootfs.isEmpty()) {
            throw new InvalidConfigException("rootfs-read-only needs a rootfs: give one with it");
        }
        shares = new TreeMap<>(Map.copyOf(shares));
        shares.forEach((tag, path) -> pair("share", tag, path));
        env = new TreeMap<>(Map.copyOf(env));
        env.forEach((key, value) -> pair("env", key, value));
        disks = List.copyOf(disks);
        disks.forEach(path -> CText.check("disk", path));
        exec.ifPresent(text -> CText.check("exec", text));
        range("guest-vsock-port", guestVsockPort, 0, UINT32_MAX);
        range("timeout", timeoutSeconds, 0, UINT32_MAX);
        range("vcpus", vcpus, 1, 255);
        range("memory", memMib, 1, Long.MAX_VALUE);
        range("scratch", scratchMib, 0, Long.MAX_VALUE);
        buildSnapshot.ifPresent(text -> CText.check("build-snapshot", text));
        resumeSnapshot.ifPresent(text -> CText.check("resume-snapshot", text));
    }

    private static void pair(String what, String key, String value) {
        CText.check(what, key);
        CText.check(what + " " + key, value);
        if (key.isEmpty() || key.indexOf('=') >= 0) {
            throw new InvalidConfigException(what + " = " + key + " is refused: allowed is a name without '='");
        }
    }

    private static void range(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new InvalidConfigException(key + " = " + value + " is refused: allowed is " + least + " to " + most);
        }
    }

    /**
     * What of a specification the ABI can say.
     *
     * @param vm its name, for messages
     * @throws InvalidConfigException if the specification asks for what the ABI has no function for, or names files that are not there
     */
    static RunConfig of(String vm, VmSpec spec) {
        return new SpecTranslation(vm, spec).translate();
    }
}
