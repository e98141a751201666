package vmette.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.config.fleet.ConfigProblem;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentFile;
import vmette.config.fleet.DeploymentRefusedException;

/** {@code vmette config check}. */
@Command(
        name = "check",
        description = {
            "Reads a configuration file as strictly as it would be read, and starts nothing.",
            "All its mistakes are listed, each with file, line and remedy. Settings and fleets: docs/fleets.md.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:the file is right", "1:run-time error", "2:usage error, or the file has mistakes"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} config check fleet.conf",
            "  ${sys:vmette.command:-vmette} config check fleet.conf --json",
        })
final class ConfigCheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "What to read, in HOCON.")
    private Path file;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        try {
            DeploymentFile read = DeploymentFile.read(file);
            Deployment fleet = read.deployment();
            tell(
                    common.isJson()
                            ? json(fleet, List.of())
                            : file + ": no mistakes; "
                                    + summary(fleet, read.pools().size()));
            return 0;
        } catch (DeploymentRefusedException e) {
            if (common.isJson()) {
                tell(json(Deployment.EMPTY, e.problems()));
            }
            throw e;
        }
    }

    private static String summary(Deployment fleet, int pools) {
        int vms = fleet.vms().size();
        int groups = fleet.groups().size();
        if (vms == 0 && groups == 0) {
            return pools == 0 ? "settings and no fleet" : "settings and " + count(pools);
        }
        return "a fleet of " + vms + (vms == 1 ? " VM" : " VMs") + " and " + groups
                + (groups == 1 ? " group" : " groups") + (pools == 0 ? "" : ", and " + count(pools));
    }

    private static String count(int pools) {
        return pools == 1 ? "1 pool" : pools + " pools";
    }

    private String json(Deployment fleet, List<ConfigProblem> problems) {
        return Json.pretty(Json.object(
                "file",
                file,
                "valid",
                problems.isEmpty(),
                "vms",
                fleet.vms().size(),
                "groups",
                fleet.groups().size(),
                "problems",
                problems.stream()
                        .map(problem -> Json.object(
                                "where", problem.where(),
                                "what", problem.what(),
                                "why", problem.why(),
                                "remedy", problem.remedy()))
                        .toList()));
    }

    private void tell(String text) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(text);
        out.flush();
    }
}
