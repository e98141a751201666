package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/**
 * Networks of real VMs. Their host is a network namespace: it has a loopback address and one more, a web server on each, and no way out,
 * so that no packet leaves the machine.
 */
class NetIT {
    private static final String OUTSIDE = "192.0.2.77";

    @TempDir
    private static Path directory;

    private static Path passt;

    @BeforeAll
    static void prepare() throws IOException {
        try (Vmette vmette = Vmette.create()) {
            await(await(vmette.launch(VmSpec.builder().memoryMib(128).build())).stop());
        }
        Path busybox = HostRoots.busybox(directory.resolve("host"), RuntimeSettings.load()).resolve("bin/busybox");
        for (String name : new String[] {"lo", "out"}) {
            Files.writeString(Files.createDirectories(directory.resolve(name)).resolve("index.html"), "from " + name + "\n");
        }
        passt = Files.writeString(
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
                        "ip link add dummy0 type dummy",
                        "ip address add " + OUTSIDE + "/24 dev dummy0",
                        "ip link set dummy0 up",
                        "ip route add default via 192.0.2.1 dev dummy0",
                        busybox + " httpd -p 127.0.0.1:8080 -h " + directory.resolve("lo"),
                        busybox + " httpd -p " + OUTSIDE + ":8080 -h " + directory.resolve("out"),
                        "passt \"$@\" &",
                        "child=$!",
                        "trap 'kill $child' TERM",
                        "wait $child",
                        ""));
        Files.setPosixFilePermissions(passt, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
