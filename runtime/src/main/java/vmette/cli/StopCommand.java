package vmette.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.NotThereException;
import vmette.control.Runtimes;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/** {@code vmette stop}. */
@Command(
        name = "stop",
        description = {
            "Powers running VMs off, and waits until nothing of them is left.",
            "One of a fleet stays off, whatever its recovery, until restart NAME or up FILE.",
            "One that has ended by itself meanwhile is named, and the others are stopped all the same.",
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
    private static final String GONE = "gone";

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
        Optional<VmetteException> failure = Optional.empty();
        for (int i = 0; i < vms.size(); i++) {
            try {
                tell(vms.get(i), stop(peers.get(i), vms.get(i)));
            } catch (VmetteException e) {
                failure.ifPresent(former -> common.say(former.getMessage()));
                failure = Optional.of(e);
            }
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
        return 0;
    }

    /** What becomes of it. One that has ended meanwhile, perhaps with its runtime, is off as well. */
    static Facts stop(Runtimes.Peer runtime, String vm) {
        try (ControlCall call = new ControlCall(runtime, "stop", vm)) {
            return call.all().stream().findFirst().orElseGet(Facts::of);
        } catch (NotThereException | VmLostException gone) {
            return Facts.of("how", GONE);
        }
    }

    private void tell(String vm, Facts end) {
        if (common.isJson()) {
            spec.commandLine().getOut().println(Json.line(Json.object("vm", vm, "how", end.text("how"))));
            spec.commandLine().getOut().flush();
        } else {
            common.progress()
                    .accept(vm + " is off: "
                            + (end.text("how").equals(GONE) ? "it had ended by itself" : end.text("how"))
                            + end.get("failure")
                                    .map(failure -> " (" + failure + ")")
                                    .orElse(""));
        }
    }
}
