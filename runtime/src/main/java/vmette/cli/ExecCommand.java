package vmette.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.ExitStatus;
import vmette.config.ExecSpec;
import vmette.control.ControlledCommand.Exit;
import vmette.control.ExecCall;
import vmette.control.Runtimes;
import vmette.errors.InvalidConfigException;
import vmette.errors.ProgramNotRunException;

/** {@code vmette exec}. */
@Command(
        name = "exec",
        description = {
            "Runs a command in a running VM: one of a fleet, or of run --name NAME.",
            "Its outputs and its exit code are passed on, and signals to this process reach it.",
            "It ends when this process does, however that ends.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        customSynopsis = {"vmette exec [OPTIONS] NAME -- CMD [ARG...]", "       vmette exec [OPTIONS] NAME --exec 'CMD'"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "N:the command's own; 128+n if signal n ended it",
            "127:there is no such program in the guest; 126: it cannot be executed",
            "1:run-time error",
            "2:usage error: nothing was started"
        },
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} exec web-1 -- uname -a",
            "  ${sys:vmette.command:-vmette} exec web-1 --exec 'ps | wc -l'",
            "  ${sys:vmette.command:-vmette} exec -t web-1",
            "  ${sys:vmette.command:-vmette} exec db --user postgres --workdir /tmp -e LANG=C -- psql -l",
            "  tar c src | ${sys:vmette.command:-vmette} exec web-1 -- tar x -C /tmp",
            "",
            "Standard input is passed on with --stdin, and where it is no terminal.",
            "Ctrl-C goes to the command's process group, other signals to the command itself.",
        })
final class ExecCommand implements Callable<Integer> {
    private static final String SHELL = "/bin/sh";

    /** Nobody calls a program so. */
    private static final Pattern LINE = Pattern.compile("[\\s;|&<>$`*?'\"]");

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "NAME", description = "The VM.")
    private String vm;

    @Parameters(index = "1..*", paramLabel = "CMD", description = "A program and its arguments, after --.")
    private List<String> arguments = new ArrayList<>();

    @Option(names = "--exec", paramLabel = "CMD", description = "A command line for /bin/sh -c instead.")
    private String exec;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER",
            description = "As this user of the guest: USER, UID, USER:GROUP or UID:GID. Default: the image's, or root.")
    private String user;

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "Where it starts, absolute. Default: the image's, or /.")
    private String directory;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "Environment variable of the command; repeatable.")
    private Map<String, String> env = new LinkedHashMap<>();

    @Option(
            names = {"-i", "--stdin"},
            description = "Pass standard input on though it is a terminal.")
    private boolean stdin;

    @Option(
            names = {"-t", "--tty"},
            description = "Give the command this terminal. Without a command: a shell.")
    private boolean tty;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        if (tty && !RawTerminal.isThere()) {
            throw new ParameterException(spec.commandLine(), "--tty needs a terminal as standard input: leave it out");
        }
        ExecSpec command = command();
        Runtimes.Peer runtime = common.runtimes().ofVm(vm);
        try {
            Exit exit =
                    new RemoteCommand(whole -> new ExecCall(runtime, vm, whole), common.progress()).run(command, tty);
            explain(exit);
            return exit.code();
        } catch (ProgramNotRunException e) {
            String message = e.getMessage() + hint(arguments);
            spec.commandLine()
                    .getErr()
                    .println(
                            common.isJson()
                                    ? Report.failed(message, Optional.of(e.status()), e.exitCode())
                                    : "vmette: " + message);
            return e.exitCode();
        }
    }

    /** What looks like a command line is one program's name to the guest. */
    static String hint(List<String> arguments) {
        return arguments.size() == 1 && LINE.matcher(arguments.get(0)).find()
                ? "; it was taken for the name of a program: a command line goes after --exec, or -- sh -c, and a program"
                        + " and its arguments after -- one by one"
                : "";
    }

    private ExecSpec command() {
        boolean line = exec != null
                && (arguments.isEmpty()
                        || Variables.of(spec).instead(spec.findOption("--exec")).isEmpty());
        if (line && !arguments.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "--exec and a command after -- contradict each other: leave one of them out");
        }
        if (!line && arguments.isEmpty() && !tty) {
            throw new ParameterException(
                    spec.commandLine(),
                    "nothing to run: write the command after --, as in exec " + vm
                            + " -- uname -a, or say --tty for a shell");
        }
        ExecSpec command = line ? ExecSpec.shell(exec) : ExecSpec.of(arguments.isEmpty() ? List.of(SHELL) : arguments);
        if (user != null) {
            command = command.withUser(user);
        }
        if (directory != null) {
            command = command.withDirectory(directory);
        }
        command = withEnvironment(command);
        return stdin || tty || !RawTerminal.isThere() ? command : command.withoutStdin();
    }

    private ExecSpec withEnvironment(ExecSpec given) {
        ExecSpec command = given;
        for (String line : Variables.of(spec).lines("--env")) {
            int equals = line.indexOf('=');
            if (equals < 0) {
                throw new InvalidConfigException(
                        Variables.name("--env") + " expects KEY=VALUE in each line, not '" + line + "'");
            }
            command = command.withEnv(line.substring(0, equals), line.substring(equals + 1));
        }
        for (Map.Entry<String, String> variable : env.entrySet()) {
            command = command.withEnv(variable.getKey(), variable.getValue());
        }
        return command;
    }

    private void explain(Exit exit) {
        if (exit.oomKilled()) {
            common.progress().accept("the guest ran out of memory and its kernel killed a process of the command");
        }
        if (common.isJson()) {
            ExitStatus.Kind kind = exit.signalled() ? ExitStatus.Kind.SIGNALLED : ExitStatus.Kind.EXITED;
            System.err.println(Report.exited(new ExitStatus(kind, exit.value(), exit.oomKilled())));
        }
    }
}
