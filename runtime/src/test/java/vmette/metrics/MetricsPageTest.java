package vmette.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.pool.PoolStatus;
import vmette.vsock.VsockCounts;

/** The page's table is what a registry has. */
class MetricsPageTest {
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `([a-z.]+)` \\| ([a-z]+) \\| ([a-z-]+) \\| ([a-z`, -]+?) \\|");

    @Test
    void theTableIsTheRegistry() throws IOException {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        new VmetteMetrics(new VmEvents(1), new VmBoard(), () -> VsockCounts.NONE, each -> each.accept(pool(closed)))
                .bindTo(registry);
        Set<String> meters = registry.getMeters().stream()
                .map(Meter::getId)
                .map(id -> id.getName() + " " + id.getType().name().toLowerCase(Locale.ROOT) + " "
                        + (id.getBaseUnit() == null ? "-" : id.getBaseUnit()) + " "
                        + (id.getTags().isEmpty()
                                ? "-"
                                : id.getTags().stream().map(Tag::getKey).collect(Collectors.joining(", "))))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> page = ROW.matcher(Files.readString(Path.of("../docs/metrics.md")))
                .results()
                .map(row -> row.group(1) + " " + row.group(2) + " " + row.group(3) + " "
                        + row.group(4).replace("`", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(page).isEqualTo(meters);
        assertThat(registry.getMeters()).hasSizeLessThan(66);
        assertThat(registry.get("vmette.pool.vms").tag("state", "lent").gauge().value())
                .isEqualTo(3);
        assertThat(registry.get("vmette.pool.acquired").functionCounter().count())
                .isEqualTo(6);
        closed.complete(null);
        assertThat(registry.getMeters())
                .noneMatch(meter -> meter.getId().getName().contains("pool"))
                .isNotEmpty();
    }

    private static MeteredPool pool(CompletableFuture<Void> closed) {
        return new MeteredPool() {
            @Override
            public PoolStatus status() {
                return new PoolStatus("agents", 1, 2, 3, 4, 5, 6, 0, Optional.empty());
            }

            @Override
            public CompletionStage<?> closed() {
                return closed;
            }
        };
    }

    @Test
    void metersOutliveTheirBinder() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        VmEvents events = new VmEvents(1);
        VmBoard board = new VmBoard();
        AtomicReference<VsockCounts> counts = new AtomicReference<>(new VsockCounts(3, 5, 7));
        new VmetteMetrics(events, board, counts::get).bindTo(registry);
        WeakReference<Object> unheld = new WeakReference<>(new Object());
        for (int tries = 0; unheld.get() != null && tries < 100; tries++) {
            System.gc();
        }
        assertThat(unheld.get()).isNull();
        assertThat(registry.get("vmette.vsock.connections").gauge().value()).isEqualTo(3.0);
        assertThat(registry.get("vmette.vsock.bytes")
                        .tag("direction", "tx")
                        .functionCounter()
                        .count())
                .isEqualTo(5.0);
        assertThat(registry.get("vmette.vms").gauges()).noneMatch(vms -> Double.isNaN(vms.value()));
        assertThat(events.subscribers()).isZero();
        assertThat(board.all()).isEmpty();
    }
}
