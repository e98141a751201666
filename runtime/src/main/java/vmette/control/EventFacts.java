package vmette.control;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.actors.VmReady;
import vmette.actors.VmRenewal;
import vmette.config.RestoreMode;

/** What happens to VMs as it is told to other processes. Pure. */
public final class EventFacts {
    private EventFacts() {}

    /** An event. */
    public static Facts of(VmEvent event) {
        if (event instanceof VmEvent.Began began) {
            return of(
                    began,
                    "began",
                    "from",
                    began.from().text(),
                    "age-ms",
                    began.from().snapshot().map(snapshot -> Duration.between(snapshot.takenAt(), began.at())
                            .toMillis()));
        } else if (event instanceof VmEvent.BecameReady ready) {
            return ready(ready);
        } else if (event instanceof VmEvent.Saved saved) {
            return of(
                    saved,
                    "saved",
                    "snapshot",
                    saved.report().snapshot(),
                    "stood-still-ms",
                    saved.report().stoodStill().toMillis(),
                    "memory-bytes",
                    saved.report().memoryBytes());
        } else if (event instanceof VmEvent.Passivated passive) {
            return of(
                    passive,
                    "passivated",
                    "took-ms",
                    passive.took().toMillis(),
                    "memory-bytes",
                    passive.report().memoryBytes());
        } else if (event instanceof VmEvent.NotPassivated not) {
            return of(not, "not-passivated", "reason", not.reason());
        } else if (event instanceof VmEvent.Woken woken) {
            return of(
                    woken,
                    "woken",
                    "by",
                    woken.by(),
                    "passive-ms",
                    woken.passive().toMillis(),
                    "took-ms",
                    woken.took().toMillis());
        } else if (event instanceof VmEvent.Stopping stopping) {
            return of(stopping, "stopping", "how", stopping.how().map(VmEnd.How::word));
        } else if (event instanceof VmEvent.Failed failed) {
            VmFailure failure = failed.failure();
            return of(failed, "failed", "failure", failure.word(), "text", failure.line());
        } else if (event instanceof VmEvent.Ended ended) {
            return of(
                    ended,
                    "ended",
                    "how",
                    ended.end().how().word(),
                    "failure",
                    ended.end().failure().map(VmFailure::word),
                    "because",
                    ended.end().because());
        } else if (event instanceof VmEvent.Missed missed) {
            return Facts.of("event", "missed", "at", time(missed.at()), "count", missed.count());
        } else if (event instanceof VmEvent.ForeignGolden foreign) {
            return Facts.of(
                    "event",
                    "foreign-golden",
                    "at",
                    time(foreign.at()),
                    "snapshot",
                    foreign.what().snapshot(),
                    "text",
                    foreign.what().text());
        } else if (event instanceof VmEvent.OfVm other) {
            return of(other, event.getClass().getSimpleName().toLowerCase(Locale.ROOT), "", "");
        }
        return Facts.of("event", event.getClass().getSimpleName().toLowerCase(Locale.ROOT), "at", time(event.at()));
    }

    /** After a restore with what its renewal took, in microseconds: so short are its steps. */
    private static Facts ready(VmEvent.BecameReady event) {
        VmReady ready = event.ready();
        return of(
                event,
                "ready",
                "kernel",
                ready.kernel(),
                "boot-ms",
                ready.bootTime().toMillis(),
                "memory",
                ready.restoredBy().map(RestoreMode::word),
                "stepped-ms",
                ready.renewal().map(renewal -> renewal.stepped().toMillis()),
                "late-us",
                micros(ready, VmRenewal::late),
                "clock-us",
                micros(ready, renewal -> renewal.took().clock()),
                "entropy-us",
                micros(ready, renewal -> renewal.took().entropy()),
                "instance-us",
                micros(ready, renewal -> renewal.took().instance()),
                "hostname-us",
                micros(ready, renewal -> renewal.took().hostname()),
                "environment-us",
                micros(ready, renewal -> renewal.took().environment()));
    }

    private static Optional<Long> micros(VmReady ready, Function<VmRenewal, Duration> what) {
        return ready.renewal().map(renewal -> what.apply(renewal).toNanos() / 1000);
    }

    private static Facts of(VmEvent.OfVm event, String word, String name, Object value, Object... more) {
        Object[] members = new Object[10 + more.length];
        Object[] first = {
            "event", word, "at", time(event.at()), "vm", event.vm(), "incarnation", event.incarnation(), name, value
        };
        System.arraycopy(first, 0, members, 0, first.length);
        System.arraycopy(more, 0, members, first.length, more.length);
        return Facts.of(members);
    }

    private static String time(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
