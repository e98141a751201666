package vmette.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.errors.VmetteException;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleStore;

/** {@code vmette snapshot rm}. */
@Command(
        name = "rm",
        description = {
            "Removes snapshots, damaged ones too.",
            "One that a VM is being restored from, or runs on the memory of, is named and left, and the others are removed all the same.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:removed", "1:run-time error: not all of them were", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} snapshot rm golden",
            "  ${sys:vmette.command:-vmette} snapshot rm ./snap old-1 old-2",
            "  ${sys:vmette.command:-vmette} snapshot rm --all",
        })
final class SnapshotRemoveCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "NAME",
            description = "Snapshots of vmette.snapshot.dir, or their paths, as ./snap.")
    private List<String> given = new ArrayList<>();

    @Option(names = "--all", description = "All of vmette.snapshot.dir.")
    private boolean all;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        if (all != given.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    all ? "--all and names contradict each other: leave one of them out" : "NAME missing: rm NAME");
        }
        List<Map<String, Object>> removed = new ArrayList<>();
        List<Map<String, Object>> refused = new ArrayList<>();
        for (BundlePlace place : places()) {
            try {
                long bytes = place.allocated();
                if (!place.remove()) {
                    throw place.store().missing(place.name());
                }
                removed.add(Json.object("name", place.name(), "path", place.directory(), "bytes", bytes));
                say("removed " + place.name() + ", " + Meter.size(bytes));
            } catch (VmetteException e) {
                refused.add(Json.object("name", place.name(), "message", e.getMessage()));
                if (!common.isJson()) {
                    spec.commandLine().getErr().println("vmette: " + e.getMessage());
                }
            }
        }
        if (common.isJson()) {
            spec.commandLine().getOut().println(Json.pretty(Json.object("removed", removed, "refused", refused)));
        }
        spec.commandLine().getOut().flush();
        return refused.isEmpty() ? 0 : Failures.RUNTIME_ERROR;
    }

    /** All are understood before any is removed. */
    private List<BundlePlace> places() {
        Path directory = common.settings().snapshot().dir();
        if (!all) {
            return given.stream().map(name -> BundlePlace.of(name, directory)).toList();
        }
        BundleStore store = BundleStore.open(directory);
        return store.names().stream().map(name -> new BundlePlace(store, name)).toList();
    }

    private void say(String line) {
        if (!common.isJson() && !common.isQuiet()) {
            spec.commandLine().getOut().println(line);
        }
    }
}
