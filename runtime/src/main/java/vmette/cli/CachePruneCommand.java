package vmette.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vmette.cache.CacheItem;
import vmette.cache.CachePruner;
import vmette.cache.PruneRules;
import vmette.errors.VmetteIoException;

/** {@code vmette cache prune}. */
@Command(
        name = "prune",
        description = {
            "Removes what nobody has used for 30 days, and what belongs to nothing any more.",
            "Nothing goes that a VM uses, that somebody is making, or that the next VM boots from.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:pruned, if there was anything", "1:run-time error", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} cache prune --dry-run",
            "  ${sys:vmette.command:-vmette} cache prune --older-than 12h",
            "  ${sys:vmette.command:-vmette} cache prune --all",
            "",
            "What is removed is fetched or made anew when it is wanted; with --offline it is missed.",
        })
final class CachePruneCommand implements Callable<Integer> {
    /** For those who are fetching. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--older-than",
            paramLabel = "AGE",
            converter = Age.Converter.class,
            description = "What nobody has used for so long: 30d, 12h, 2w. Default: 30d.")
    private Age olderThan;

    @Option(names = "--all", description = "Whenever it was used.")
    private boolean all;

    @Option(names = "--dry-run", description = "Remove nothing, and say what would be.")
    private boolean dryRun;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        if (all && olderThan != null) {
            throw new ParameterException(
                    spec.commandLine(), "--all and --older-than contradict each other: leave one of them out");
        }
        Path cache = common.settings().cacheDir().toAbsolutePath();
        Duration age = olderThan == null ? PruneRules.AGE : olderThan.duration();
        CachePruner.Result result;
        try {
            result = CachePruner.prune(cache, all ? Optional.empty() : Optional.of(age), dryRun, PATIENCE);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot prune " + cache + ": " + e + "; check that it is yours and may be written", e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (common.isJson()) {
            out.println(Json.pretty(Json.object(
                    "cacheDir", cache,
                    "dryRun", dryRun,
                    "freedBytes", result.freed(),
                    "removed", result.removed().stream().map(CacheTable::json).toList(),
                    "inUse", result.inUse().stream().map(CacheTable::json).toList())));
        } else {
            tell(result, out);
        }
        out.flush();
        return 0;
    }

    private void tell(CachePruner.Result result, PrintWriter out) {
        if (!common.isQuiet()) {
            for (CacheItem item : result.removed()) {
                out.println((dryRun ? "would remove " : "removed ")
                        + item.kind().word() + " " + CacheTable.of(item) + ", " + Meter.size(item.bytes()));
            }
        }
        out.println((dryRun ? "would free " : "freed ")
                + Meter.size(result.freed())
                + (result.inUse().isEmpty()
                        ? ""
                        : "; in use and left: " + result.inUse().size()));
    }
}
