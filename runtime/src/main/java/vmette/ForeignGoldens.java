package vmette;

import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.actors.VmEvent;
import vmette.machine.GoldenLook;

/** Tells, once of each, of golden snapshots that are of no use here. Thread-safe. */
final class ForeignGoldens implements Consumer<GoldenLook.Foreign> {
    private static final Logger LOG = LoggerFactory.getLogger(ForeignGoldens.class);

    private final Consumer<VmEvent> events;
    // Those that are there still: each VM of their templates comes upon them.
    private final Set<GoldenLook.Foreign> staying = ConcurrentHashMap.newKeySet();

    ForeignGoldens(Consumer<VmEvent> events) {
        this.events = events;
    }

    @Override
    public void accept(GoldenLook.Foreign foreign) {
        if (foreign.stays().isEmpty() || staying.add(foreign)) {
            LOG.warn("{}", foreign.text());
            events.accept(new VmEvent.ForeignGolden(InstantSource.system().instant(), foreign));
        }
    }
}
