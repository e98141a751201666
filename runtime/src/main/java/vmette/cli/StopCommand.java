package vmette.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;

/** {@code vmette stop}. */
@Command(
        name = "stop",
        description = {
            "Powers running VMs off, and waits until nothing of them is left.",
            "One of a fleet stays off, whatever its recovery, until restart NAME.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:stopped", "1:run-time error: not all of them were", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} stop web-1",
            "  ${sys:vmette.command:-vmette} stop web-1 web-2 --quiet",
        })
final class StopCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0..*", arity = "1..*", paramLabel = "NAME", description = "The VMs.")
    private List<String> vms;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        Runtimes runtimes = common.runtimes();
        // A name that is none is refused before any of them is stopped.
        List<Runtimes.Peer> peers = vms.stream().map(runtimes::ofVm).toList();
        for (int i = 0; i < vms.size(); i++) {
            try (ControlCall call = new ControlCall(peers.get(i), "stop", vms.get(i))) {
                tell(vms.get(i), call.all().stream().findFirst().orElseGet(Facts::of));
            }
        }
        return 0;
    }

    private void tell(String vm, Facts end) {
        if (common.isJson()) {
            spec.commandLine().getOut().println(Json.line(Json.object("vm", vm, "how", end.text("how"))));
            spec.commandLine().getOut().flush();
        } else {
            common.progress()
                    .accept(vm + " is off: " + end.text("how")
                            + end.get("failure")
                                    .map(failure -> " (" + failure + ")")
                                    .orElse(""));
        }
    }
}
