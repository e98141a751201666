package vmette.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code vmette run}. */
@Command(
        name = "run",
        description =
                "Boots a VM, runs a command, what an image says, or a shell in it, powers it off and exits with its code.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        customSynopsis = {
            "vmette run [OPTIONS] [--exec CMD]",
            "       vmette run --pool NAME [--exec CMD | -- CMD [ARG...]]"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "N:the command's own; 128+n if signal n ended it",
            "1:run-time error",
            "2:usage error: nothing was started",
            "124:--timeout passed",
            "126, 127:with --pool: the program cannot be executed, or there is none in the guest"
        },
        parameterListHeading = "%nParameters:%n",
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} run --exec 'uname -a'",
            "  ${sys:vmette.command:-vmette} run",
            "  tar c src | ${sys:vmette.command:-vmette} run --exec 'tar x; ls src'",
            "  ${sys:vmette.command:-vmette} run --rootfs ./debian --rootfs-ro --exec 'cat /etc/os-release'",
            "  ${sys:vmette.command:-vmette} run --rootfs hello-world:latest",
            "  ${sys:vmette.command:-vmette} run --share work=. --exec 'ls /mnt/work'",
            "  ${sys:vmette.command:-vmette} run --scratch 8G --rootfs ./debian --exec 'df -h /'",
            "  ${sys:vmette.command:-vmette} run --mem-mib 1024 --vcpus 2 --timeout 60 --exec make",
            "  ${sys:vmette.command:-vmette} run --publish 8080:80 --exec 'httpd -f -h /'",
            "  ${sys:vmette.command:-vmette} run --pool agents -- uname -a",
            "  ${sys:vmette.command:-vmette} run --status-fd 3 --exec 'exit 4' 3>status; cat status",
            "",
            RunCommand.ENVIRONMENT,
        })
final class RunCommand implements Callable<Integer> {
    /** A line of help. */
    static final String ENVIRONMENT =
            "A variable such as VMETTE_MEM_MIB speaks for an option that is not given, else the configuration does."
                    + " A repeatable option's has a value on each line; --vsock-port has none.";

    @Mixin
    private RunOptions options;

    @Parameters(arity = "0..*", paramLabel = "CMD", description = "With --pool: a program and its arguments, after --.")
    private List<String> arguments = new ArrayList<>();

    RunOptions options() {
        return options;
    }

    @Override
    public Integer call() {
        return options.run(arguments);
    }
}
