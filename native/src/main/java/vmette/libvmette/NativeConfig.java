package vmette.libvmette;

import java.util.Optional;
import java.util.function.BiConsumer;
import vmette.errors.InvalidConfigException;

/** One {@code vmette_config_t}: made, filled, run, and freed once. Not thread-safe. */
final class NativeConfig implements AutoCloseable {
    private final LibVmette library;
    private long config;

    private NativeConfig(LibVmette library, long config) {
        this.library = library;
        this.config = config;
    }

    /**
     * Makes one and says to it all that is to be said.
     *
     * @throws InvalidConfigException if the library makes none
     */
    static NativeConfig create(LibVmette library, RunConfig values) {
        long made = library.vmette_config_new(
                CText.of("kernel", values.kernel()), CText.of("initramfs", values.initramfs()));
        if (made == 0) {
            throw new InvalidConfigException("libvmette makes no config of the kernel " + values.kernel()
                    + " and the initramfs " + values.initramfs());
        }
        NativeConfig config = new NativeConfig(library, made);
        try {
            config.fill(values);
            return config;
        } catch (RuntimeException | Error e) {
            config.close();
            throw e;
        }
    }

    private void fill(RunConfig values) {
        text("cmdline", values.cmdline(), library::vmette_config_set_cmdline);
        text(
                "rootfs",
                values.rootfs(),
                (to, path) -> library.vmette_config_set_rootfs_share(to, path, flag(values.rootfsReadOnly())));
        values.shares()
                .forEach((tag, path) ->
                        library.vmette_config_add_share(config, CText.of("share", tag), CText.of("share", path)));
        values.env()
                .forEach((key, value) ->
                        library.vmette_config_add_env(config, CText.of("env", key), CText.of("env", value)));
        values.disks().forEach(path -> library.vmette_config_add_disk(config, CText.of("disk", path)));
        text("exec", values.exec(), library::vmette_config_set_exec);
        library.vmette_config_set_net(config, flag(values.net()));
        library.vmette_config_set_switch_root(config, flag(values.switchRoot()));
        library.vmette_config_set_vsock_port(config, values.vsockPort());
        library.vmette_config_set_guest_vsock_port(config, (int) values.guestVsockPort());
        library.vmette_config_set_timeout(config, (int) values.timeoutSeconds());
        library.vmette_config_set_vcpus(config, values.vcpus());
        library.vmette_config_set_mem_mib(config, values.memMib());
        library.vmette_config_set_scratch_mib(config, values.scratchMib());
        text("build-snapshot", values.buildSnapshot(), library::vmette_config_set_build_snapshot);
        text("resume-snapshot", values.resumeSnapshot(), library::vmette_config_set_resume_snapshot);
    }

    private void text(String key, Optional<String> value, BiConsumer<Long, byte[]> setter) {
        value.ifPresent(text -> setter.accept(config, CText.of(key, text)));
    }

    private static int flag(boolean value) {
        return value ? 1 : 0;
    }

    /** Runs the VM to its end, or that of this process. The output is freed. */
    ChildReport.Ran run() {
        if (config == 0) {
            throw new IllegalStateException("the config is freed");
        }
        long[] out = {0};
        int status = library.vmette_run(config, out);
        if (status != 0) {
            return new ChildReport.Ran(status, 0);
        }
        try {
            return new ChildReport.Ran(0, library.vmette_run_output_exit_code(out[0]));
        } finally {
            library.vmette_run_output_free(out[0]);
        }
    }

    /** Frees. Idempotent. */
    @Override
    public void close() {
        long freed = config;
        config = 0;
        if (freed != 0) {
            library.vmette_config_free(freed);
        }
    }
}
