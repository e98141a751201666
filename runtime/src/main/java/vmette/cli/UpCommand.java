package vmette.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Scanner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentDiff;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.VmetteIoException;

/** {@code vmette up}. */
@Command(
        name = "up",
        description = {
            "Starts the fleet that a file describes, opens its pools, and keeps it up in the foreground until Ctrl-C or vmette down.",
            "While it is up the same command in another terminal makes it what the file says by then: it shows what"
                    + " would be stopped, replaced, started, and started again where it was stopped or given up, asks if there is a terminal, and has that done.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:taken down; changed, or there was nothing to change; with --dry-run: shown",
            "1:run-time error",
            "2:usage error, or the file has mistakes: nothing was started",
            "130:ended by Ctrl-C (128+n: by signal n); or the change was not wanted"
        },
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} config check fleet.conf",
            "  ${sys:vmette.command:-vmette} up fleet.conf --dry-run",
            "  ${sys:vmette.command:-vmette} up fleet.conf",
            "  ${sys:vmette.command:-vmette} ps; ${sys:vmette.command:-vmette} logs web-1 -f; ${sys:vmette.command:-vmette} down fleet.conf",
            "",
            "Ctrl-C stops the VMs in the reverse order of their start; a second one kills them.",
            "docs/fleets.md has the file's keys and a walk through all of this.",
        })
final class UpCommand implements Callable<Integer> {
    private static final int NOT_WANTED = 130;

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "FILE",
            description = "The fleet, and pools, in HOCON. Settings that it does not have come from --config.")
    private Path file;

    @Option(
            names = "--fleet",
            paramLabel = "NAME",
            description =
                    "What the fleet is called. Default: as it is up from this file, else as the file without .conf.")
    private String fleet;

    @Option(
            names = {"-y", "--yes"},
            description = "Change a fleet that is up without asking.")
    private boolean yes;

    @Option(names = "--dry-run", description = "Show what would be done, and do nothing.")
    private boolean dry;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        FleetSource source = FleetSource.read(file, common.config());
        Optional<String> given = Optional.ofNullable(fleet);
        given.ifPresent(name -> FleetChoice.check(name, spec));
        Runtimes runtimes =
                Runtimes.find(source.settings().runtimeDir().map(Path::toString).orElse(""));
        Optional<Map.Entry<String, Runtimes.Peer>> up = given.isPresent()
                ? runtimes.ofFleet(fleet).map(peer -> Map.entry(fleet, peer))
                : runtimes.ofFile(source.file());
        if (up.isPresent()) {
            return change(up.get().getKey(), up.get().getValue(), source);
        }
        String name = given.orElseGet(() -> FleetChoice.nameOf(source.file(), spec));
        runtimes.ofFleet(name).ifPresent(other -> {
            throw new VmetteIoException("a fleet named " + name + " is up already, from "
                    + other.fleetFile(name).map(Path::toString).orElse("another file")
                    + ": name this one with --fleet, or take that one down");
        });
        List<Facts> steps = new ArrayList<>(
                FleetSteps.of(DeploymentDiff.between(Deployment.EMPTY, source.deployment()), Map.of(), false));
        steps.addAll(FleetSteps.of(source.pools()));
        if (dry || !common.isQuiet()) {
            show(name, steps);
        }
        return dry ? 0 : new FleetRun(name, source, common).run();
    }

    private void show(String name, List<Facts> steps) {
        PrintWriter out = spec.commandLine().getOut();
        if (common.isJson()) {
            out.println(Json.pretty(FleetSteps.json(name, steps)));
        } else {
            FleetSteps.lines(steps).forEach(out::println);
        }
        out.flush();
    }

    private int change(String name, Runtimes.Peer runtime, FleetSource source) {
        try (ControlCall call = new ControlCall(runtime, "apply", name)) {
            call.content(source.text());
            List<Facts> steps = new ArrayList<>();
            Facts next = told(call);
            while (next.get("plan").isEmpty()) {
                steps.add(next);
                next = told(call);
            }
            boolean empty = next.text("plan").equals("empty");
            if (dry || !common.isQuiet()) {
                show(name, steps);
            }
            if (empty) {
                common.progress().accept("the fleet " + name + " is as " + file + " says: there is nothing to do");
            }
            if (dry || empty) {
                return 0;
            }
            if (!isWanted(name, steps)) {
                common.progress().accept("nothing was changed");
                return NOT_WANTED;
            }
            call.say("go");
            follow(call);
            common.progress().accept("the fleet " + name + " is as " + file + " says");
            return 0;
        }
    }

    private static Facts told(ControlCall call) {
        return call.next()
                .orElseThrow(() -> new VmetteIoException("the runtime has told no plan: it is of another version"));
    }

    /** Only what is typed at a terminal is an answer. */
    private boolean isWanted(String name, List<Facts> steps) {
        if (yes || !RawTerminal.isThere()) {
            return true;
        }
        System.err.print("vmette: change the fleet " + name
                + FleetSteps.summary(steps).map(text -> " (" + text + ")").orElse("") + "? [y/N] ");
        System.err.flush();
        Scanner typed = new Scanner(System.in, Charset.defaultCharset());
        return typed.hasNextLine() && typed.nextLine().strip().matches("(?i)y|yes");
    }

    private void follow(ControlCall call) {
        for (Optional<Facts> next = call.next(); next.isPresent(); next = call.next()) {
            FleetChoice.tell(next.get(), common);
        }
    }
}
