package vmette.cli;

import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import vmette.control.Runtimes;

/** {@code vmette ps}. */
@Command(
        name = "ps",
        description = {
            "Lists the VMs of all living runtimes of this user: those of fleets, and of run --name NAME; and their pools.",
            "A runtime that does not answer within five seconds is named, and the others are listed all the same.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:listed", "1:run-time error, or a runtime does not answer", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} ps",
            "  ${sys:vmette.command:-vmette} ps --all",
            "  ${sys:vmette.command:-vmette} ps --json",
            "",
            "INC counts incarnations, REC recoveries from failures; UP is how long a VM has been ready; PORTS are",
            "HOST:GUEST, as published. Of a pool's VMs READY ones are nobody's, and MAKING ones on their way.",
            "A VM that is given-up should run and does not: restart NAME, or up FILE, starts it.",
        })
final class PsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-a", "--all"},
            description = "VMs that have ended as they should, too, as long as their runtime remembers them.")
    private boolean all;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        List<Runtimes.Peer> runtimes = common.runtimes().living();
        Survey survey = Survey.of(runtimes);
        // Whoever does not answer is waited for once.
        PoolTable pools = new PoolTable(Survey.of(
                        runtimes.stream()
                                .filter(runtime -> !survey.silent().contains(runtime.pid()))
                                .filter(runtime -> !runtime.pools().isEmpty())
                                .toList(),
                        "pools",
                        "")
                .told());
        PsTable table = new PsTable(survey.told(), all, Instant.now());
        PrintWriter out = spec.commandLine().getOut();
        if (common.isJson()) {
            out.println(Json.pretty(
                    Json.object("vms", table.json(), "pools", pools.json(), "notAnswering", survey.silent())));
        } else {
            table.lines().forEach(out::println);
            if (!pools.lines().isEmpty()) {
                out.println();
                pools.lines().forEach(out::println);
            }
        }
        out.flush();
        return survey.isComplete(common) ? 0 : Failures.RUNTIME_ERROR;
    }
}
