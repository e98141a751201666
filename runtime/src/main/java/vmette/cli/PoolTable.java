package vmette.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import vmette.control.Facts;
import vmette.vmm.GuestText;

/** Pools for people and for programs. Pure. */
final class PoolTable {
    private static final List<String> HEAD =
            List.of("POOL", "READY", "LENT", "MAKING", "STOPPING", "WAITING", "MIN", "MAX", "LAST FAILURE");
    private static final List<String> COUNTS = List.of("ready", "lent", "making", "stopping", "waiting", "min", "max");
    private static final int MOST_SHOWN = 240;

    private final List<Facts> pools;

    PoolTable(List<Facts> pools) {
        this.pools = pools.stream()
                .sorted(Comparator.comparing(pool -> pool.text("name")))
                .toList();
    }

    /** None without a pool. */
    List<String> lines() {
        if (pools.isEmpty()) {
            return List.of();
        }
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        pools.forEach(pool -> rows.add(row(pool)));
        return Columns.aligned(rows);
    }

    private static List<String> row(Facts pool) {
        List<String> row = new ArrayList<>(List.of(GuestText.printable(pool.text("name"))));
        COUNTS.forEach(count -> row.add(pool.number(count).map(Object::toString).orElse("")));
        String failure = GuestText.printable(pool.text("failure"));
        row.add(failure.length() > MOST_SHOWN ? failure.substring(0, MOST_SHOWN) + "..." : failure);
        return row;
    }

    List<Map<String, Object>> json() {
        return pools.stream()
                .map(pool -> Json.object(
                        "name", pool.get("name"),
                        "ready", pool.number("ready"),
                        "lent", pool.number("lent"),
                        "making", pool.number("making"),
                        "stopping", pool.number("stopping"),
                        "waiting", pool.number("waiting"),
                        "min", pool.number("min"),
                        "max", pool.number("max"),
                        "acquired", pool.number("acquired"),
                        "failures", pool.number("failures"),
                        "lastFailure", pool.get("failure")))
                .toList();
    }
}
