package vmette.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;
import vmette.config.PublishedPort;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;

/** What connects the guest's programs with the world. */
final class GuestOptions {
    @Option(names = "--env", paramLabel = "KEY=VALUE", description = "Environment variable of the command; repeatable.")
    private Map<String, String> env = new LinkedHashMap<>();

    @Option(
            names = "--publish",
            paramLabel = "HOST:GUEST",
            description =
                    "TCP port of this host's 127.0.0.1 that leads to one of the guest; repeatable. HOST 0: a free one, told on standard error.")
    private List<String> publish = new ArrayList<>();

    @Option(
            names = "--net",
            negatable = true,
            fallbackValue = "true",
            description = "A network card, with this host's network behind it by user-mode NAT. Default: none.")
    private Boolean net;

    @Option(
            names = "--net-host-loopback",
            negatable = true,
            fallbackValue = "true",
            description = "With --net: services on this host's loopback address are reachable at 10.0.2.2.")
    private Boolean netHostLoopback;

    @Option(
            names = "--ca-certs",
            paramLabel = "DIR",
            description =
                    "Certificates that the guest's programs are to trust as well: DIR's PEM files *.pem, *.crt and *.cer.")
    private Path caCerts;

    @Option(
            names = "--vsock-port",
            paramLabel = "N",
            description =
                    "Host port for the guest's programs, which find it in VMETTE_VSOCK_PORT; it echoes: echo hi | vsock-send $VMETTE_VSOCK_PORT."
                            + " Negative: none (default); 0: a free one from 50000 to 59999.")
    private Integer vsockPort;

    /** The environment goes name by name over what is configured; ports take the place of it. */
    void applyTo(VmSpecBuilder spec, Variables variables) {
        for (String line : variables.lines("--env")) {
            int equals = line.indexOf('=');
            if (equals < 0) {
                throw new InvalidConfigException(
                        Variables.name("--env") + " expects KEY=VALUE in each line, not '" + line + "'");
            }
            spec.env(line.substring(0, equals), line.substring(equals + 1));
        }
        env.forEach(spec::env);
        List<String> ports = variables.orLines(publish, "--publish");
        if (!ports.isEmpty()) {
            spec.publish(ports.stream().map(PublishedPort::parse).toList());
        }
        if (net != null) {
            spec.net(net);
        }
        if (netHostLoopback != null) {
            spec.netHostLoopback(netHostLoopback);
        }
        if (caCerts != null) {
            spec.caCerts(caCerts);
        }
        if (vsockPort != null) {
            spec.vsockPort(vsockPort);
        }
    }
}
