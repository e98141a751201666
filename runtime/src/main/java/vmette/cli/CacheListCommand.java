package vmette.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import vmette.cache.CacheItem;
import vmette.cache.CacheScan;

/** {@code vmette cache ls}. */
@Command(
        name = "ls",
        description = {
            "Lists what is kept between runs: its kind, size, when it was used last, whether a VM has it, and what it is of.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:listed", "1:run-time error", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} cache ls",
            "  ${sys:vmette.command:-vmette} cache ls --json",
            "",
            "Kinds: image of a root; download from a web server; blob and tag of a registry; digest",
            "of an archive of this host; initramfs; guest (kernel and busybox); leftover of what was",
            "not finished. One that is needed is what the next VM boots from.",
        })
final class CacheListCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws IOException {
        Path cache = common.settings().cacheDir().toAbsolutePath();
        List<CacheItem> items = CacheScan.of(cache);
        PrintWriter out = spec.commandLine().getOut();
        if (common.isJson()) {
            out.println(Json.pretty(Json.object(
                    "cacheDir", cache,
                    "bytes", items.stream().mapToLong(CacheItem::bytes).sum(),
                    "items", items.stream().map(CacheTable::json).toList())));
        } else {
            CacheTable.lines(items).forEach(out::println);
        }
        out.flush();
        return 0;
    }
}
