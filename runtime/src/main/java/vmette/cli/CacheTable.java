package vmette.cli;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vmette.cache.CacheItem;
import vmette.vmm.GuestText;

/** What is in a cache, for people and for programs. Pure but for the time zone. */
final class CacheTable {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm").withZone(ZoneId.systemDefault());

    private static final String ROW = "%-10s %10s  %-16s  %-6s  %s";

    private CacheTable() {}

    static List<String> lines(List<CacheItem> items) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, ROW, "KIND", "SIZE", "LAST USED", "USE", "OF"));
        for (CacheItem item : items) {
            lines.add(String.format(
                            Locale.ROOT,
                            ROW,
                            item.kind().word(),
                            Meter.size(item.bytes()),
                            TIME.format(item.lastUsed()),
                            use(item),
                            of(item))
                    .stripTrailing());
        }
        lines.add(String.format(
                Locale.ROOT,
                "%-10s %10s",
                "all",
                Meter.size(items.stream().mapToLong(CacheItem::bytes).sum())));
        return lines;
    }

    private static String use(CacheItem item) {
        return switch (item.state()) {
            case FREE -> "";
            case IN_USE -> "in use";
            case NEEDED -> "needed";
        };
    }

    /** Whatever a path, or a server, has put into it. */
    static String of(CacheItem item) {
        return GuestText.printable(
                item.of().isEmpty() ? item.files().get(0).getFileName().toString() : item.of());
    }

    static Map<String, Object> json(CacheItem item) {
        return Json.object(
                "kind",
                item.kind().word(),
                "of",
                item.of(),
                "bytes",
                item.bytes(),
                "lastUsed",
                item.lastUsed().toString(),
                "inUse",
                item.state() == CacheItem.State.IN_USE,
                "needed",
                item.state() == CacheItem.State.NEEDED,
                "path",
                item.files().get(0));
    }
}
