package vmette.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vmette.ExitStatus;
import vmette.RootfsProviders;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.Durations;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;

/** The options of a run, and the run. What is not given comes from the environment, else from the configuration. */
final class RunOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description =
                    "Command line for /bin/sh -c in the guest. Without it: what the root's image says, else an interactive shell at this terminal.")
    private String exec;

    @Option(
            names = {"-t", "--tty"},
            fallbackValue = "true",
            description = "Give the command of --exec this terminal, as a shell gets it.")
    private boolean tty;

    @Option(
            names = "--entrypoint",
            negatable = true,
            fallbackValue = "true",
            description = "An image's entrypoint goes before CMD. Default: it does; with --no-entrypoint and without"
                    + " --exec there is a shell.")
    private Boolean entrypoint;

    @Option(
            names = "--timeout",
            paramLabel = "N",
            description = "Stop the VM N seconds after launch, boot included, with exit code 124. Default: 0, never.")
    private Long timeout;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name the VM, so that other commands find it, such as vmette cp. Default: none.")
    private String name;

    @Option(
            names = "--pool",
            paramLabel = "NAME",
            description =
                    "Run the command in a VM that is ready already, of a pool that vmette up has open: after -- or --exec."
                            + " Default: in one that is booted for it.")
    private String pool;

    @Option(
            names = "--status-fd",
            paramLabel = "FD",
            description =
                    "Tell how it ended as a line of JSON to this file descriptor, which the guest cannot write to.")
    private Integer statusFd;

    @Mixin
    private MachineOptions machine;

    @Mixin
    private StorageOptions storage;

    @Mixin
    private GuestOptions guest;

    @Mixin
    private SnapshotOptions snapshots;

    @Mixin
    private CommonOptions common;

    /** @param arguments a command after {@code --}, which only VMs of pools take */
    int run(List<String> arguments) {
        if (pool == null && !arguments.isEmpty()) {
            throw refusal("'" + arguments.get(0)
                    + "' is not understood: a command goes in quotes after --exec, and after -- with --pool only");
        }
        try (RunReport report = RunReport.to(Optional.ofNullable(statusFd), common.isJson())) {
            try {
                if (pool != null) {
                    return new PoolRun(command, common, pool).run(Optional.ofNullable(exec), arguments, tty, report);
                }
                ExitStatus status = launch();
                report.exited(status);
                return status.code();
            } catch (RuntimeException e) {
                report.failed(e, command);
                throw e;
            }
        }
    }

    private ExitStatus launch() {
        RuntimeSettings settings = settings();
        VmSpec spec = spec(settings.vm());
        boolean images = exec == null && entrypoint() && isImage(spec, settings);
        boolean builds = spec.snapshots().build().isPresent();
        if (builds && exec != null) {
            common.progress()
                    .accept(
                            "--exec is not run while a snapshot is built: --warm-up is, and --exec with --resume-snapshot");
        }
        boolean terminal = !builds && (tty || (exec == null && (!images || RawTerminal.isThereBothWays())));
        if (terminal && !RawTerminal.isThere()) {
            throw refusal(
                    exec == null && !tty
                            ? "nothing to run: --exec CMD says what, for example --exec 'uname -a'; a shell without it needs"
                                    + " a terminal as standard input, --exec sh reads commands from any"
                            : "--tty needs a terminal as standard input: leave it out");
        }
        ExecSpec program = program(terminal);
        if (common.isVerbose()) {
            describe(spec);
        }
        long begun = System.nanoTime();
        try (Vmette vmette = Vmette.create(settings, common.transfers())) {
            ExitStatus status =
                    terminal ? TerminalRun.of(vmette, spec, program, common.progress()) : plain(vmette, spec, program);
            explain(status, spec);
            if (common.isVerbose()) {
                common.say("the command " + status + ", " + Durations.text(Duration.ofNanos(System.nanoTime() - begun))
                        + " after launch");
            }
            return status;
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private boolean entrypoint() {
        return !Boolean.FALSE.equals(entrypoint);
    }

    private static boolean isImage(VmSpec spec, RuntimeSettings settings) {
        return spec.storage().rootfs().isPresent()
                && RootfsProviders.mayHaveCommand(spec.storage().rootfs().get(), settings);
    }

    private ExecSpec program(boolean terminal) {
        if (exec != null) {
            return entrypoint() ? ExecSpec.shell(exec).afterEntrypoint() : ExecSpec.shell(exec);
        }
        ExecSpec shell = ExecSpec.of("/bin/sh");
        if (!entrypoint()) {
            return shell;
        }
        return terminal ? shell.orImageCommand() : ExecSpec.imageCommand();
    }

    private void describe(VmSpec spec) {
        List<String> variables = Variables.of(command).speaking(command);
        common.say("settings from " + common.config().map(Object::toString).orElse("the defaults")
                + (variables.isEmpty() ? "" : " and " + String.join(", ", variables)));
        common.say("a VM of " + spec.vcpus() + " vcpus, " + spec.memoryMib() + " MiB, root "
                + spec.storage().rootfs().orElse("the initramfs")
                + (spec.storage().rootfsReadOnly() ? " (read-only)" : ""));
    }

    private void explain(ExitStatus status, VmSpec spec) {
        if (status.kind() == ExitStatus.Kind.TIMED_OUT) {
            common.progress().accept("stopped after " + spec.timeout().toSeconds() + " s, its timeout");
        }
        if (status.oomKilled()) {
            common.progress()
                    .accept("the guest ran out of memory and its kernel killed a process of the command:"
                            + " give it more with --mem-mib");
        }
    }

    private ExitStatus plain(Vmette vmette, VmSpec spec, ExecSpec program) {
        return (spec.name().isPresent()
                        ? vmette.run(spec, program, streams(), execution -> {}, vmette::publish)
                        : vmette.run(spec, program, this::streams))
                .toCompletableFuture()
                .join();
    }

    private RunStreams streams() {
        RunStreams own = RunStreams.ofProcess();
        // The report has to know whether the guest has left a line unfinished.
        return common.isJson()
                ? new RunStreams(
                        own.stdin(), own.stdout(), RunStreams.inherited().stderr())
                : own;
    }

    RuntimeSettings settings() {
        return storage.applyTo(common.settings());
    }

    /** What the VM is to be. */
    VmSpec spec(VmSpec defaults) {
        if (exec == null) {
            exec = defaults.exec().orElse(null);
        }
        storage.check(command, defaults, exec != null);
        snapshots.check(command, defaults, exec != null);
        VmSpecBuilder spec = defaults.toBuilder();
        if (exec != null) {
            spec.exec(exec);
        }
        if (name != null) {
            spec.name(name);
        }
        if (timeout != null) {
            spec.timeout(Duration.ofSeconds(timeout));
        }
        machine.applyTo(spec);
        storage.applyTo(spec, Variables.of(command));
        guest.applyTo(spec, Variables.of(command));
        snapshots.applyTo(spec);
        return spec.build();
    }

    private ParameterException refusal(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
