package vmette.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;

/** {@code vmette restart}. */
@Command(
        name = "restart",
        description = {
            "Ends a VM and boots it anew, and waits until it is ready; one of a fleet that is off, too.",
            "The name of a fleet's group stands for all VMs of it, which end and begin in their order.",
            "Commands and connections end; ports that lead to a VM stay open. Not counted among recoveries.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:it is ready again", "1:run-time error", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} restart web-1",
            "  ${sys:vmette.command:-vmette} restart front",
            "  ${sys:vmette.command:-vmette} restart web-1 --json",
        })
final class RestartCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "NAME", description = "The VM, or the group.")
    private String vm;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        long begun = System.nanoTime();
        Runtimes runtimes = common.runtimes();
        Runtimes.Peer runtime = runtimes.running(vm)
                .or(() -> Survey.of(runtimes.living()).member(vm))
                .orElseGet(() -> runtimes.ofVm(vm));
        try (ControlCall call = new ControlCall(runtime, "restart", vm)) {
            Optional<Facts> ready = call.all().stream().findFirst();
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            if (common.isJson()) {
                spec.commandLine()
                        .getOut()
                        .println(Json.line(Json.object(
                                "vm",
                                vm,
                                "ready",
                                true,
                                "tookMs",
                                took.toMillis(),
                                "incarnation",
                                ready.flatMap(facts -> facts.number("incarnation")))));
                spec.commandLine().getOut().flush();
            } else {
                common.progress().accept(vm + " is ready again after " + Spans.text(took));
            }
            return 0;
        }
    }
}
