package vmette.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.events.VmState;
import vmette.vsock.VsockCounts;

/**
 * The meters of one runtime, for any number of Micrometer's registries. Counters count from when they are bound. No tag has the name of a VM: there are
 * as many meters for one VM as for ten thousand; each pool has some of its own.
 */
public final class VmetteMetrics implements MeterBinder {
    private static final Set<VmState> LIVING = EnumSet.complementOf(EnumSet.of(VmState.ENDED));

    private final VmEvents events;
    private final VmBoard board;
    private final Supplier<VsockCounts> vsock;
    private final Consumer<Consumer<MeteredPool>> pools;

    /**
     * @param events of the runtime
     * @param board that they come to
     * @param vsock of all VMs there have been; what was received and sent never goes back
     */
    public VmetteMetrics(VmEvents events, VmBoard board, Supplier<VsockCounts> vsock) {
        this(events, board, vsock, each -> {});
    }

    /** @param pools is given who wants to know of each pool that is open, and of each that will be */
    public VmetteMetrics(
            VmEvents events, VmBoard board, Supplier<VsockCounts> vsock, Consumer<Consumer<MeteredPool>> pools) {
        this.pools = pools;
        this.events = events;
        this.board = board;
        this.vsock = vsock;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (VmState state : LIVING) {
            Gauge.builder("vmette.vms", board, vms -> vms.count(state))
                    .description("VMs by where they stand")
                    .tags(Tags.of("state", state.name().toLowerCase(Locale.ROOT)))
                    .register(registry);
        }
        // A registry holds a meter's subject weakly. The board lives as long as the runtime; nobody else has the
        // supplier.
        Gauge.builder("vmette.vsock.connections", board, any -> vsock.get().connections())
                .description("Open vsock connections")
                .register(registry);
        bytes(registry, "tx", VsockCounts::received);
        bytes(registry, "rx", VsockCounts::sent);
        Gauge.builder("vmette.events.subscribers", events, VmEvents::subscribers)
                .description("Streams of events")
                .register(registry);
        FunctionCounter.builder("vmette.events.missed", events, VmEvents::missed)
                .description("Events that slow subscribers have missed")
                .register(registry);
        events.listen(new EventMeters(registry));
        pools.accept(new PoolMeters(registry));
    }

    private void bytes(MeterRegistry registry, String direction, ToLongFunction<VsockCounts> of) {
        FunctionCounter.builder("vmette.vsock.bytes", board, any -> of.applyAsLong(vsock.get()))
                .description("Payload over vsock; tx: from the guest, rx: to it")
                .baseUnit("bytes")
                .tags(Tags.of("direction", direction))
                .register(registry);
    }

    static Counter counter(MeterRegistry registry, String name, String description, Tags tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }
}
