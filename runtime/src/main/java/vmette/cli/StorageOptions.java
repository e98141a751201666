package vmette.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import vmette.config.RuntimeSettings;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;

/** The guest's file systems. */
final class StorageOptions {
    @Option(
            names = "--rootfs",
            paramLabel = "SPEC",
            description =
                    "What the guest's / is made of: a directory (/, ./, ../, ~/ or its bare name), squashfs+file:///PATH,"
                            + " tar+file:///PATH, or an image. It is never written. Default: the initramfs.")
    private String rootfs;

    @Option(
            names = "--rootfs-ro",
            negatable = true,
            fallbackValue = "true",
            description = "Writes to / fail. Otherwise they are discarded with the VM.")
    private Boolean readOnly;

    @Option(
            names = "--rootfs-image",
            negatable = true,
            fallbackValue = "true",
            description = "Make a directory into a block image, cached by what is in it, instead of sharing it."
                    + " Images are as they are.")
    private Boolean asImage;

    @Option(
            names = "--switch-root",
            negatable = true,
            fallbackValue = "true",
            description = "Leave the initramfs behind by switch_root, instead of running commands in a chroot.")
    private Boolean switchRoot;

    @Option(
            names = "--offline",
            negatable = true,
            fallbackValue = "true",
            description = "Fetch nothing for the root: it is in the cache, or refused.")
    private Boolean offline;

    @Option(
            names = "--scratch",
            paramLabel = "SIZE",
            converter = Mebibytes.Converter.class,
            description =
                    "Disk for what is written to /tmp, and to / of a --rootfs, gone with the VM: 8G, 512M or a number of MiB."
                            + " Default: 0, in memory.")
    private Mebibytes scratch;

    @Option(
            names = "--share",
            paramLabel = "TAG=PATH",
            description = "Directory of this host, read and written at /mnt/TAG; repeatable.")
    private List<String> shares = new ArrayList<>();

    @Option(
            names = "--share-ro",
            paramLabel = "TAG=PATH",
            description = "The same without writing, which this host enforces; repeatable.")
    private List<String> readOnlyShares = new ArrayList<>();

    @Option(
            names = "--disk",
            paramLabel = "PATH",
            description = "Raw block image, written too: /dev/vda, /dev/vdb and so on in this order; repeatable.")
    private List<String> disks = new ArrayList<>();

    RuntimeSettings applyTo(RuntimeSettings settings) {
        return Boolean.TRUE.equals(offline) ? settings.offline() : settings;
    }

    /** Lists that are given take the place of those that are configured. */
    void applyTo(VmSpecBuilder spec, Variables variables) {
        if (rootfs != null) {
            spec.rootfs(rootfs);
        }
        if (readOnly != null) {
            spec.rootfsReadOnly(readOnly);
        }
        if (asImage != null) {
            spec.rootfsImage(asImage);
        }
        if (switchRoot != null) {
            spec.switchRoot(switchRoot);
        }
        if (scratch != null) {
            spec.scratchMib(scratch.count());
        }
        List<String> written = variables.orLines(shares, "--share");
        List<String> read = variables.orLines(readOnlyShares, "--share-ro");
        if (!written.isEmpty() || !read.isEmpty()) {
            List<Share> all = new ArrayList<>();
            written.forEach(text -> all.add(Share.parse(text, false)));
            read.forEach(text -> all.add(Share.parse(text, true)));
            spec.shares(all);
        }
        List<String> images = variables.orLines(disks, "--disk");
        if (!images.isEmpty()) {
            spec.disks(images.stream().map(Path::of).toList());
        }
    }

    /**
     * Refuses what cannot be meant together.
     *
     * @param defaults what was configured
     * @param exec whether a command is given
     */
    void check(CommandSpec command, VmSpec defaults, boolean exec) {
        boolean root = rootfs != null || defaults.storage().rootfs().isPresent();
        boolean readOnlyRoot =
                Optional.ofNullable(readOnly).orElse(defaults.storage().rootfsReadOnly());
        boolean imaged = Optional.ofNullable(asImage).orElse(defaults.storage().rootfsImage());
        boolean switched =
                Optional.ofNullable(switchRoot).orElse(defaults.storage().switchRoot());
        if (!root && (readOnlyRoot || imaged || switched)) {
            throw refusal(
                    command,
                    (readOnlyRoot ? "--rootfs-ro" : imaged ? "--rootfs-image" : "--switch-root")
                            + " needs a root file system: give one with --rootfs SPEC");
        }
        if (readOnlyRoot && scratch != null && scratch.count() > 0) {
            throw refusal(
                    command,
                    "--scratch is for what is written to /, and --rootfs-ro has nothing written to it: leave one of them out");
        }
        if (readOnlyRoot && switched && exec) {
            throw refusal(
                    command,
                    "--switch-root, --rootfs-ro and --exec do not go together: leave one of them out, --switch-root perhaps");
        }
    }

    private static ParameterException refusal(CommandSpec command, String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
