package vmette.net;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.errors.InvalidConfigException;
import vmette.process.ChildProcesses;
import vmette.process.Executables;
import vmette.process.SocketDaemon;

/**
 * Starts passt(1), which is one VM's network: it translates between the guest's card and sockets of its own. Unlike the network that is
 * built into QEMU it can keep guests from the host's loopback.
 */
public final class UserNetwork {
    /** What the guest is told: the addresses that users of QEMU's own network know. */
    public static final String ADDRESS = "10.0.2.15";

    /** Everything that is not in the guest's network is sent here. */
    public static final String GATEWAY = "10.0.2.2";

    /** Where queries are forwarded to the host's resolver. */
    public static final String NAMESERVER = "10.0.2.3";

    /** Bits of the network's part of these. */
    public static final int PREFIX = 24;

    private UserNetwork() {}

    /**
     * passt, if this host has it.
     *
     * @param given where it is; empty: on the {@code PATH}
     * @throws InvalidConfigException if it is not where it was given
     */
    public static Optional<Path> passt(Optional<Path> given) {
        given.filter(path -> !Executables.isExecutable(path)).ifPresent(path -> {
            throw new InvalidConfigException("vmette.net.passt = " + path + " is not a program that this user may run");
        });
        return given.or(() -> Executables.find("passt"));
    }

    /**
     * Starts one, for which {@link SocketDaemon#awaitSocket} waits; it ends with the monitor that it serves.
     *
     * @param passt the program
     * @param vm its name
     * @param hostLoopback whether the gateway's address leads to the host's loopback
     * @param root whether we are root
     * @param socket where it listens
     */
    public static SocketDaemon start(
            ChildProcesses children, Path passt, String vm, boolean hostLoopback, boolean root, Path socket) {
        return SocketDaemon.start(children, "passt for VM " + vm, command(passt, hostLoopback, root, socket), socket);
    }

    static List<String> command(Path passt, boolean hostLoopback, boolean root, Path socket) {
        List<String> line = new ArrayList<>(List.of(
                passt.toString(),
                "--foreground",
                "--stderr",
                "--quiet",
                "--one-off",
                "--socket",
                socket.toString(),
                "--ipv4-only",
                "--address",
                ADDRESS,
                "--netmask",
                Integer.toString(PREFIX),
                "--gateway",
                GATEWAY,
                "--dns-forward",
                NAMESERVER,
                "--tcp-ports",
                "none",
                "--udp-ports",
                "none"));
        if (!hostLoopback) {
            line.add("--no-map-gw");
        }
        if (root) {
            // Else it would become nobody, who may not make a socket in our directory. It gives all capabilities up,
            // and its view of
            // the file system, either way.
            line.add("--runas");
            line.add("0");
        }
        return line;
    }
}
