package vmette.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.recovery.Decision;
import vmette.recovery.FailureKind;
import vmette.recovery.Rung;

/** The meters that events are counted by. All of them are there from the beginning, at 0. Thread-safe. */
final class EventMeters implements Consumer<VmEvent> {
    private final Map<Rung, Counter> begun = new EnumMap<>(Rung.class);
    private final Map<FailureKind, Counter> failures = new EnumMap<>(FailureKind.class);
    private final Map<VmEnd.How, Counter> ended = new EnumMap<>(VmEnd.How.class);
    private final Counter recoveries;
    private final Counter restarts;
    private final Counter passivations;
    private final Counter wakes;
    private final Timer timeToReady;

    EventMeters(MeterRegistry registry) {
        for (Rung rung : Rung.values()) {
            begun.put(
                    rung,
                    rung == Rung.COLD
                            ? VmetteMetrics.counter(
                                    registry, "vmette.boots", "Incarnations begun by a cold boot", Tags.empty())
                            : VmetteMetrics.counter(
                                    registry,
                                    "vmette.restores",
                                    "Incarnations begun from a snapshot",
                                    Tags.of("rung", word(rung))));
        }
        for (FailureKind kind : FailureKind.values()) {
            if (!isOrdered(kind)) {
                failures.put(
                        kind,
                        VmetteMetrics.counter(
                                registry,
                                "vmette.failures",
                                "Incarnations that failed",
                                Tags.of("cause", kind.name())));
            }
        }
        for (VmEnd.How how : VmEnd.How.values()) {
            ended.put(
                    how,
                    VmetteMetrics.counter(
                            registry, "vmette.ended", "VMs that ended for good", Tags.of("how", word(how))));
        }
        recoveries = VmetteMetrics.counter(
                registry, "vmette.recoveries", "Failures that another incarnation follows", Tags.empty());
        restarts = VmetteMetrics.counter(registry, "vmette.restarts", "Restarts that were ordered", Tags.empty());
        passivations = VmetteMetrics.counter(
                registry, "vmette.passivations", "VMs that were saved since nobody used them", Tags.empty());
        wakes = VmetteMetrics.counter(registry, "vmette.wakes", "Passive VMs that are ready again", Tags.empty());
        timeToReady = Timer.builder("vmette.time.to.ready")
                .description("From the machine's being made to its agent's answer")
                .register(registry);
    }

    private static boolean isOrdered(FailureKind kind) {
        return kind == FailureKind.OPERATOR_RESTART || kind == FailureKind.OPERATOR_STOP;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void accept(VmEvent event) {
        if (event instanceof VmEvent.Began began) {
            begun.get(began.from().rung()).increment();
        } else if (event instanceof VmEvent.BecameReady ready) {
            timeToReady.record(ready.ready().bootTime());
        } else if (event instanceof VmEvent.Passivated) {
            passivations.increment();
        } else if (event instanceof VmEvent.Woken) {
            wakes.increment();
        } else if (event instanceof VmEvent.Failed failed) {
            onFailure(failed.failure());
        } else if (event instanceof VmEvent.Ended end) {
            ended.get(end.end().how()).increment();
        }
    }

    private void onFailure(VmFailure failure) {
        if (failure.kind() == FailureKind.OPERATOR_RESTART) {
            restarts.increment();
            return;
        }
        if (!isOrdered(failure.kind())) {
            failures.get(failure.kind()).increment();
        }
        if (failure.next().filter(next -> !(next instanceof Decision.GiveUp)).isPresent()) {
            recoveries.increment();
        }
    }
}
