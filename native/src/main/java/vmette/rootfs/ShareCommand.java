package vmette.rootfs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes the command line of a share daemon. Pure. */
final class ShareCommand {
    /**
     * {@code $1}: {@code ro} or {@code rw}, {@code $2}: what to share, {@code $3}: where to mount it for the daemon, whose options cannot hold
     * every path. It has no read-only option either: it is given a mount that cannot be written to, in a mount namespace of its own, so
     * that whatever the guest's root mounts, the host says EROFS. /run is where the daemon leaves a pid file, and not every user's to
     * write to: it gets one of its own, in which our directory, if that is below /run, is where it was. Neither name can be used to reach
     * that one from there on: the working directory is.
     */
    private static final String IN_NAMESPACE = """
            set -e
            mode=$1 source=$2 target=$3
            shift 3
            if [ "$mode" = ro ]; then
                mount --bind -- "$source" "$target"
                mount -o remount,bind,ro -- "$target"
            else
                mount --rbind -- "$source" "$target"
            fi
            cd -- "${target%/*}"
            mount -t tmpfs -o mode=0755,size=64k tmpfs /run
            if ! [ -d "$target" ]; then
                mkdir -p -- "$PWD"
                mount --no-canonicalize --rbind -- . "$PWD"
            fi
            cd /
            exec "$@"
            """;

    private ShareCommand() {}

    /**
     * @param unshare unshare(1)
     * @param daemon virtiofsd, the C or the Rust one
     * @param root whether we are root
     * @param directory what is shared, absolute
     * @param readOnly one file system of it then, without what is mounted in it
     * @param mountAt an empty directory, without a comma in its path
     * @param socket where it listens
     */
    static List<String> of(
            Path unshare, Path daemon, boolean root, Path directory, boolean readOnly, Path mountAt, Path socket) {
        List<String> line = new ArrayList<>();
        line.add(unshare.toString());
        if (!root) {
            line.add("--user");
            line.add("--map-root-user");
        }
        line.addAll(List.of("--mount", "--propagation", "private", "--", "/bin/sh", "-c", IN_NAMESPACE, "share"));
        line.add(readOnly ? "ro" : "rw");
        line.add(directory.toString());
        line.add(mountAt.toString());
        line.add(daemon.toString());
        line.add("--socket-path=" + socket);
        // The Rust one understands these for the sake of the C one's users.
        line.add("-o");
        line.add("source=" + mountAt);
        line.add("-o");
        line.add("cache=auto");
        line.add("-o");
        line.add("sandbox=" + (root ? "namespace" : "chroot"));
        return line;
    }
}
