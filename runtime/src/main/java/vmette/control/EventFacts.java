package vmette.control;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;

/** What happens to VMs as it is told to other processes. Pure. */
public final class EventFacts {
    private EventFacts() {}

    /** An event. */
    public static Facts of(VmEvent event) {
        if (event instanceof VmEvent.Began began) {
            return of(began, "began", "from", began.from().text());
        } else if (event instanceof VmEvent.BecameReady ready) {
            return of(
                    ready,
                    "ready",
                    "kernel",
                    ready.ready().kernel(),
                    "boot-ms",
                    ready.ready().bootTime().toMillis());
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
        } else if (event instanceof VmEvent.OfVm other) {
            return of(other, event.getClass().getSimpleName().toLowerCase(Locale.ROOT), "", "");
        }
        return Facts.of("event", event.getClass().getSimpleName().toLowerCase(Locale.ROOT), "at", time(event.at()));
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
