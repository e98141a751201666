package vmette.libvmette;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import vmette.errors.StartFailedException;

/**
 * {@code vmette.h}, function by function. Whoever calls these is a C program: what he is given he frees, once, and what the header
 * says of NULL holds. {@link NativeConfig} does that right.
 *
 * <p>Types: a pointer to a config or an output is a long, 0 is NULL, so only 64-bit systems are served. Text is bytes of UTF-8 that
 * end with NUL ({@link CText}), or null; the library copies it. {@code bool} and {@code uint8_t} are declared as int, with values
 * from 0 to 1 and to 255: JNA would make a boolean -1, and extend a byte by its sign, while compilers rely on zeroes above it.
 * {@code VmetteStatus} is an int.
 */
@SuppressWarnings("MemberName") // the names are C's
public interface LibVmette extends Library {
    /**
     * Loads a library and looks for each function of the header.
     *
     * @param library absolute
     * @throws StartFailedException if it cannot be loaded, or lacks one
     */
    static LibVmette load(Path library) {
        try {
            NativeLibrary loaded = NativeLibrary.getInstance(library.toString());
            for (Method method : LibVmette.class.getDeclaredMethods()) {
                if (Modifier.isAbstract(method.getModifiers())) {
                    loaded.getFunction(method.getName());
                }
            }
            return Native.load(library.toString(), LibVmette.class);
        } catch (UnsatisfiedLinkError e) {
            throw new StartFailedException(
                    "cannot use " + library + " as libvmette: " + e.getMessage()
                            + "; it must be built for this machine, and export the functions of vmette.h",
                    e);
        }
    }

    /** A config, to be freed; 0 if a text is null or no UTF-8. */
    long vmette_config_new(byte[] kernel, byte[] initramfs);

    /** Frees; 0 is ignored. */
    void vmette_config_free(long config);

    /** Replaces the tunable part of the kernel command line. */
    void vmette_config_set_cmdline(long config, byte[] cmdline);

    /** A directory of the host as the guest's root; 1 for read-only. */
    void vmette_config_set_rootfs_share(long config, byte[] path, int readOnly);

    /** A directory of the host at {@code /mnt/TAG}. */
    void vmette_config_add_share(long config, byte[] tag, byte[] path);

    /** A variable of the command's environment. */
    void vmette_config_add_env(long config, byte[] key, byte[] value);

    /** A raw block image. */
    void vmette_config_add_disk(long config, byte[] path);

    /** What {@code /bin/sh -c} runs; null: an interactive shell. */
    void vmette_config_set_exec(long config, byte[] command);

    /** 1 for a network card. */
    void vmette_config_set_net(long config, int enable);

    /** 1 for switch_root instead of chroot. */
    void vmette_config_set_switch_root(long config, int enable);

    /** Negative: none; 0: a free one; else the port on which the library listens for the guest's programs. */
    void vmette_config_set_vsock_port(long config, int port);

    /** The port on which a snapshot's guest serves commands, unsigned. */
    void vmette_config_set_guest_vsock_port(long config, int port);

    /** Seconds from launch, unsigned; 0: none. */
    void vmette_config_set_timeout(long config, int seconds);

    /** Virtual processors, 0 to 255. */
    void vmette_config_set_vcpus(long config, int vcpus);

    /** Memory, unsigned. */
    void vmette_config_set_mem_mib(long config, long mib);

    /** Size of the ephemeral disk, unsigned; 0: none. */
    void vmette_config_set_scratch_mib(long config, long mib);

    /** Where the VM is to be saved; null: it is not. */
    void vmette_config_set_build_snapshot(long config, byte[] path);

    /** From where it is to be restored; null: it boots. */
    void vmette_config_set_resume_snapshot(long config, byte[] path);

    /**
     * Runs a VM to its end on this thread; may end the process.
     *
     * @param out one element, which becomes an output, to be freed, if the status is 0; else it is left as it was
     */
    int vmette_run(long config, long[] out);

    /** The command's exit status; 0 for 0. */
    int vmette_run_output_exit_code(long output);

    /** Frees; 0 is ignored. */
    void vmette_run_output_free(long output);

    /** Text that the library keeps. */
    Pointer vmette_version();
}
