package vmette.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.VmetteException;

/** {@code vmette events}. */
@Command(
        name = "events",
        description = {
            "Shows what happened to VMs: began, ready, failed, stopping, ended.",
            "Each runtime keeps its last 1000 events; those of all that live are shown, in the order of their times.",
            "A runtime that does not answer within five seconds is named, and the others' are shown all the same.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:shown; with --follow: the runtimes have ended",
            "1:run-time error, or a runtime does not answer",
            "2:usage error"
        },
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} events",
            "  ${sys:vmette.command:-vmette} events web-1 -f",
            "  ${sys:vmette.command:-vmette} events -n 20",
            "  ${sys:vmette.command:-vmette} events -f --json",
            "",
            "With --json each event is an object on a line of its own. 'missed' stands where events are not",
            "kept any more, or a reader was too slow for them, with their count.",
        })
final class EventsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    private final CompletableFuture<Void> unread = new CompletableFuture<>();

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "Of this VM only. Default: of all.")
    private String vm;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on as they happen.")
    private boolean follow;

    @Option(
            names = {"-n", "--lines"},
            paramLabel = "N",
            description = "The last N only; with --follow of each runtime. Default: all that are kept.")
    private Integer lines;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        if (lines != null && lines < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--lines = " + lines + " is refused: allowed is 0 or more");
        }
        Runtimes runtimes = common.runtimes();
        List<Runtimes.Peer> asked = vm == null ? runtimes.living() : List.of(runtimes.ofVm(vm));
        if (follow) {
            followAll(asked);
            return 0;
        }
        Survey survey = Survey.of(asked, "events", subject(), words());
        last(survey.told(), lines).forEach(this::show);
        return survey.isComplete(common) ? 0 : Failures.RUNTIME_ERROR;
    }

    /** In the order of their times; so many of the last ones, or all. */
    static List<Facts> last(List<Facts> events, Integer lines) {
        List<Facts> ordered = new ArrayList<>(events);
        ordered.sort(Comparator.comparing(event -> event.text("at")));
        return lines == null || lines >= ordered.size()
                ? ordered
                : ordered.subList(ordered.size() - lines, ordered.size());
    }

    private String subject() {
        return vm == null ? "" : vm;
    }

    /** A runtime of an earlier version knows no number. */
    private String[] words() {
        String until = follow ? "follow" : "end";
        return lines == null ? new String[] {until} : new String[] {until, Integer.toString(lines)};
    }

    /** Until all have ended, or nobody reads what is shown. */
    private void followAll(List<Runtimes.Peer> asked) {
        CompletableFuture<?>[] ends = asked.stream().map(this::begin).toArray(CompletableFuture<?>[]::new);
        CompletableFuture.anyOf(unread, CompletableFuture.allOf(ends)).join();
    }

    private CompletableFuture<Void> begin(Runtimes.Peer runtime) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try {
                        followOne(runtime);
                    } finally {
                        end.complete(null);
                    }
                },
                "vmette-events");
        reader.setDaemon(true);
        reader.start();
        return end;
    }

    private void followOne(Runtimes.Peer runtime) {
        try (ControlCall call = new ControlCall(runtime, "events", subject(), words())) {
            for (Optional<Facts> next = call.next(); next.isPresent(); next = call.next()) {
                show(next.get());
            }
        } catch (VmetteException e) {
            common.progress().accept(e.getMessage());
        }
    }

    private synchronized void show(Facts event) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(common.isJson() ? EventLines.json(event) : EventLines.dated(event));
        out.flush();
        // The writer swallows what goes wrong with standard output; that remembers it.
        if (follow && System.out.checkError()) {
            unread.complete(null);
        }
    }
}
