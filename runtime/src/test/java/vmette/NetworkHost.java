package vmette;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import vmette.config.RuntimeSettings;

/**
 * A host for guests with a network: a network namespace with a loopback address and one more, a web server on port 8080 of each, and no way
 * out, so that no packet leaves the machine. There is one for each passt.
 */
public final class NetworkHost {
    /** The address that is not the loopback. */
    public static final String OUTSIDE = "192.0.2.77";

    private NetworkHost() {}

    /**
     * A passt in such a namespace, for {@code vmette.net.passt}. Its web servers say {@code from lo} and {@code from out}.
     *
     * @param directory made here, and must not have blanks in its path
     */
    public static Path passt(Path directory, RuntimeSettings settings) throws IOException {
        Path busybox = HostRoots.busybox(directory.resolve("host"), settings).resolve("bin/busybox");
        for (String name : new String[] {"lo", "out"}) {
            Files.writeString(
                    Files.createDirectories(directory.resolve(name)).resolve("index.html"), "from " + name + "\n");
        }
        Path passt = Files.writeString(
                directory.resolve("passt"),
                String.join(
                        "\n",
                        "#!/bin/sh",
                        "# passt in a namespace of its own",
                        "[ -n \"$IN_NAMESPACE\" ] || {",
                        "    export IN_NAMESPACE=1",
                        "    [ \"$(id -u)\" = 0 ] && exec unshare --net \"$0\" \"$@\"",
                        "    exec unshare --user --map-root-user --net \"$0\" \"$@\"",
                        "}",
                        "ip link set lo up",
                        "ip link add out0 type veth peer name out1",
                        "ip link set out1 up",
                        "ip address add " + OUTSIDE + "/24 dev out0",
                        "ip link set out0 up",
                        "ip route add default via 192.0.2.1 dev out0",
                        "setpriv --pdeathsig KILL -- " + busybox + " httpd -f -p 127.0.0.1:8080 -h "
                                + directory.resolve("lo") + " &",
                        "setpriv --pdeathsig KILL -- " + busybox + " httpd -f -p " + OUTSIDE + ":8080 -h "
                                + directory.resolve("out") + " &",
                        "setpriv --pdeathsig KILL -- passt \"$@\"",
                        ""));
        Files.setPosixFilePermissions(passt, PosixFilePermissions.fromString("rwxr-xr-x"));
        return passt;
    }
}
