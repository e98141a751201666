package vmette.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.process.ChildProcesses;
import vmette.process.Executables;
import vmette.process.RuntimeDirectory;
import vmette.process.SocketDaemon;

/** Starts virtiofsd, which shares one directory with one incarnation of a VM and ends with the monitor that it serves. */
public final class ShareDaemon {
    private static final List<String> PLACES = List.of("/usr/libexec", "/usr/lib/qemu", "/usr/lib");

    private ShareDaemon() {}

    /**
     * Refuses what cannot be shared.
     *
     * @throws InvalidConfigException if it is no directory that this user may read
     */
    public static void check(String name, Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new InvalidConfigException(name + ": " + directory
                    + (Files.exists(directory)
                            ? " is not a directory of this host; a file is copied in by vmette cp"
                            : " does not exist on this host; make it first, or check the path"));
        }
        if (!Files.isReadable(directory) || !Files.isExecutable(directory)) {
            throw new InvalidConfigException(name + ": " + directory + " may not be read by this user");
        }
    }

    /**
     * Starts one; {@link SocketDaemon#awaitSocket} waits until it listens.
     *
     * @param name for people, such as {@code the share work}
     * @param directory what is shared
     * @param readOnly whether the host itself refuses writes
     * @param socket where it listens; beside it, a directory of that name with {@code .d} is made, which goes with the VM's
     * @throws VmetteException if the directory is none, or there is no daemon
     */
    public static SocketDaemon start(
            ChildProcesses children, String name, Path directory, boolean readOnly, Path socket) {
        check(name, directory);
        Path mountAt = Path.of(socket + ".d");
        if (mountAt.toString().indexOf(',') >= 0) {
            throw new InvalidConfigException(
                    "vmette.runtime-dir has a comma in it: a VM with shares needs one without");
        }
        Path unshare = Executables.find("unshare")
                .orElseThrow(
                        () -> new StartFailedException(
                                name
                                        + " needs the program unshare, which is not on the PATH; it is in the package util-linux: install that"));
        Path daemon = Executables.find("virtiofsd", PLACES)
                .orElseThrow(
                        () -> new StartFailedException(
                                name + " needs virtiofsd, which is in none of " + PLACES
                                        + " nor on the PATH; on Debian 12: apt-get install qemu-system-common, later: apt-get install virtiofsd"));
        try {
            Files.createDirectory(mountAt);
            return SocketDaemon.start(
                    children,
                    "virtiofsd for " + name,
                    ShareCommand.of(
                            unshare,
                            daemon,
                            RuntimeDirectory.isRoot(),
                            directory.toAbsolutePath(),
                            readOnly,
                            mountAt,
                            socket),
                    socket);
        } catch (IOException e) {
            throw new VmetteIoException("cannot prepare " + name + " in " + mountAt + ": " + e.getMessage(), e);
        }
    }
}
