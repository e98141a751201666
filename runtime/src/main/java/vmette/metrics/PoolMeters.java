package vmette.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import vmette.pool.PoolStatus;

/** The meters of each pool, for as long as it is open. Thread-safe. */
final class PoolMeters implements Consumer<MeteredPool> {
    private final MeterRegistry registry;

    PoolMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void accept(MeteredPool pool) {
        Tags tags = Tags.of("pool", pool.status().name());
        List<Meter> meters = new ArrayList<>();
        meters.add(vms(pool, tags, "ready", PoolStatus::ready));
        meters.add(vms(pool, tags, "making", PoolStatus::coming));
        meters.add(vms(pool, tags, "lent", PoolStatus::lent));
        meters.add(vms(pool, tags, "stopping", PoolStatus::ending));
        meters.add(
                gauge(pool, "vmette.pool.waiting", tags, "Callers that wait for a VM of a pool", PoolStatus::waiting));
        meters.add(FunctionCounter.builder(
                        "vmette.pool.acquired", pool, one -> one.status().acquired())
                .description("VMs of a pool that somebody got")
                .tags(tags)
                .register(registry));
        pool.closed().whenComplete((done, failure) -> meters.forEach(registry::remove));
    }

    private Meter vms(MeteredPool pool, Tags tags, String state, ToIntFunction<PoolStatus> count) {
        return gauge(pool, "vmette.pool.vms", tags.and("state", state), "VMs of a pool by what becomes of them", count);
    }

    private Meter gauge(MeteredPool pool, String name, Tags tags, String description, ToIntFunction<PoolStatus> value) {
        // Nobody else holds what is measured.
        return Gauge.builder(name, pool, one -> value.applyAsInt(one.status()))
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
