package vmette.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vmette.ExitStatus;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.PublishedPort;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** The options of a run, and the run. What is not given comes from the configuration. */
final class RunOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description =
                    "Command line for /bin/sh -c in the guest. Without it: an interactive shell at this terminal.")
    private String exec;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name the VM, so that other commands find it, such as vmette cp. Default: none.")
    private String name;

    @Option(
            names = {"-t", "--tty"},
            description = "Give the command of --exec this terminal, as a shell gets it.")
    private boolean tty;

    @Option(names = "--env", paramLabel = "KEY=VALUE", description = "Environment variable of the command; repeatable.")
    private Map<String, String> env = new LinkedHashMap<>();

    @Option(
            names = "--kernel",
            paramLabel = "PATH",
            description = "vmlinux or bzImage. Default: Debian's cloud kernel, fetched once.")
    private Path kernel;

    @Option(
            names = "--initramfs",
            paramLabel = "PATH",
            description = "Your own initramfs; the agent is appended to it. Default: busybox.")
    private Path initramfs;

    @Option(
            names = "--modules",
            paramLabel = "DIR",
            description = "Directory of the modules of your own kernel. Default: it has all that is needed built in.")
    private Path modules;

    @Option(
            names = "--cmdline",
            paramLabel = "STR",
            description = "Replaces the tunable part of the kernel command line.")
    private String cmdline;

    @Option(names = "--vcpus", paramLabel = "N", description = "Virtual processors, 1 to 255. Default: 1.")
    private Integer vcpus;

    @Option(
            names = "--mem-mib",
            paramLabel = "N",
            description = "Memory in MiB, at least 64 (Debian's kernel: 96). Default: 512.")
    private Long memory;

    @Option(
            names = "--timeout",
            paramLabel = "N",
            description = "Stop the VM N seconds after launch, boot included, with exit code 124. Default: 0, never.")
    private Long timeout;

    @Option(
            names = "--vsock-port",
            paramLabel = "N",
            description = "Host port for the guest's programs, which find it in VMETTE_VSOCK_PORT; it echoes."
                    + " Negative: none (default); 0: a free one from 50000 to 59999.")
    private Integer vsockPort;

    @Option(
            names = "--publish",
            paramLabel = "HOST:GUEST",
            description =
                    "TCP port of this host's 127.0.0.1 that leads to one of the guest; repeatable. HOST 0: a free one, told on standard error.")
    private List<String> publish = new ArrayList<>();

    int run() {
        boolean terminal = exec == null || tty;
        if (terminal && !RawTerminal.isThere()) {
            throw new ParameterException(
                    command.commandLine(),
                    exec == null
                            ? "nothing to run: --exec CMD says what, for example --exec 'uname -a'; a shell without it needs"
                                    + " a terminal as standard input, --exec sh reads commands from any"
                            : "--tty needs a terminal as standard input: leave it out");
        }
        RuntimeSettings settings = common.settings();
        VmSpec spec = spec(settings.vm());
        try (Vmette vmette = Vmette.create(settings, common.progress())) {
            ExitStatus status = terminal
                    ? TerminalRun.of(vmette, spec, Optional.ofNullable(exec), common.progress())
                    : plain(vmette, spec);
            if (status.kind() == ExitStatus.Kind.TIMED_OUT) {
                common.progress().accept("stopped after " + spec.timeout().toSeconds() + " s (--timeout)");
            }
            if (status.oomKilled()) {
                common.progress()
                        .accept("the guest ran out of memory and its kernel killed a process of the command:"
                                + " give it more with --mem-mib");
            }
            return status.code();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private static ExitStatus plain(Vmette vmette, VmSpec spec) {
        RunStreams streams = RunStreams.ofProcess();
        return (spec.name().isPresent() ? vmette.run(spec, streams, vmette::publish) : vmette.run(spec, streams))
                .toCompletableFuture()
                .join();
    }

    private VmSpec spec(VmSpec defaults) {
        VmSpec.Builder builder = defaults.toBuilder();
        if (exec != null) {
            builder.exec(exec);
        }
        env.forEach(builder::env);
        if (name != null) {
            builder.name(name);
        }
        if (kernel != null) {
            builder.kernel(kernel);
        }
        if (initramfs != null) {
            builder.initramfs(initramfs);
        }
        if (modules != null) {
            builder.modules(modules);
        }
        if (cmdline != null) {
            builder.cmdline(cmdline);
        }
        if (vcpus != null) {
            builder.vcpus(vcpus);
        }
        if (memory != null) {
            builder.memoryMib(memory);
        }
        if (timeout != null) {
            builder.timeout(Duration.ofSeconds(timeout));
        }
        if (vsockPort != null) {
            builder.vsockPort(vsockPort);
        }
        publish.forEach(ports -> builder.publish(PublishedPort.parse(ports)));
        return builder.build();
    }
}
