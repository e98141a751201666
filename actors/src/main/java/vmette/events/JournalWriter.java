package vmette.events;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.journal.Journal;
import vmette.journal.VmEventKind;

/**
 * Puts what happens to VMs into the runtime's journal, in order, by a thread of its own that is there while there is something to write: whoever
 * tells it something never waits for a disk, nor for a child that is being announced there. At most {@value #WAITING} events wait; of those
 * beyond, the journal has the number. Thread-safe.
 */
public final class JournalWriter implements Consumer<VmEvent>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JournalWriter.class);
    /** How many events may wait for the disk: all of the start of 10,000 VMs. */
    static final int WAITING = 1 << 16;

    private static final Duration LAST_WRITES = Duration.ofSeconds(5);

    private final int most;
    private final Deque<VmEvent.OfVm> waiting = new ArrayDeque<>();
    private Journal journal;
    private long missed;
    private boolean closed;
    private Optional<CompletableFuture<Void>> writing = Optional.empty();

    /** @param journal completes when there is one; what happened before goes into it first. It fails if there will be none. */
    public JournalWriter(CompletionStage<Journal> journal) {
        this(journal, WAITING);
    }

    JournalWriter(CompletionStage<Journal> journal, int most) {
        this.most = most;
        journal.whenComplete((made, failure) -> {
            if (failure == null) {
                opened(made);
            } else {
                forget();
            }
        });
    }

    private synchronized void forget() {
        closed = true;
        waiting.clear();
    }

    private synchronized void opened(Journal made) {
        journal = made;
        writeSoon();
    }

    @Override
    public synchronized void accept(VmEvent event) {
        if (closed || !(event instanceof VmEvent.OfVm own)) {
            return;
        }
        if (waiting.size() == most) {
            missed++;
            return;
        }
        // The journal has no console lines, of which each may have many.
        waiting.add(
                own instanceof VmEvent.Failed failed
                        ? new VmEvent.Failed(failed.failure().withoutConsole())
                        : own);
        writeSoon();
    }

    private void writeSoon() {
        if (journal == null || waiting.isEmpty() || writing.isPresent()) {
            return;
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread writer = new Thread(() -> write(done), "vmette-journal");
        writer.setDaemon(true);
        writing = Optional.of(done);
        try {
            writer.start();
        } catch (OutOfMemoryError e) {
            // No thread to be had: the next event asks again.
            writing = Optional.empty();
            LOG.warn("events of VMs are not written to the journal for now: {}", e.toString());
        }
    }

    private void write(CompletableFuture<Void> done) {
        try {
            for (Optional<Runnable> next = next(); next.isPresent(); next = next()) {
                attempt(next.get());
            }
        } finally {
            done.complete(null);
        }
    }

    /** One that cannot be written, or told, must not keep those after it from the journal. */
    private static void attempt(Runnable entry) {
        try {
            entry.run();
        } catch (RuntimeException | Error e) {
            LOG.error("an event of a VM cannot be written to the journal", e);
        }
    }

    /** What to write; empty: this thread is not needed any more. */
    private synchronized Optional<Runnable> next() {
        Journal to = journal;
        VmEvent.OfVm event = waiting.poll();
        if (event != null) {
            return Optional.of(() -> to.event(event.at(), event.vm(), event.incarnation(), kind(event), detail(event)));
        }
        if (missed > 0) {
            String count = missed + " events";
            missed = 0;
            return Optional.of(() -> to.event(Instant.now(), "", 0, VmEventKind.MISSED, count));
        }
        writing = Optional.empty();
        return Optional.empty();
    }

    static VmEventKind kind(VmEvent.OfVm event) {
        if (event instanceof VmEvent.Launched) {
            return VmEventKind.LAUNCHED;
        } else if (event instanceof VmEvent.Began) {
            return VmEventKind.BEGAN;
        } else if (event instanceof VmEvent.BecameReady) {
            return VmEventKind.READY;
        } else if (event instanceof VmEvent.Saved) {
            return VmEventKind.SAVED;
        } else if (event instanceof VmEvent.Stopping) {
            return VmEventKind.STOPPING;
        } else if (event instanceof VmEvent.Failed) {
            return VmEventKind.FAILED;
        } else if (event instanceof VmEvent.Ended) {
            return VmEventKind.ENDED;
        }
        return VmEventKind.OTHER;
    }

    /** A failure as it is in the log. */
    static String detail(VmEvent.OfVm event) {
        if (event instanceof VmEvent.Began began) {
            return began.from().text();
        } else if (event instanceof VmEvent.Saved saved) {
            return saved.report().snapshot();
        } else if (event instanceof VmEvent.Stopping stopping) {
            return stopping.how().map(how -> word(how.name())).orElse("to be restarted");
        } else if (event instanceof VmEvent.Failed failed) {
            return failed.failure().line();
        } else if (event instanceof VmEvent.Ended ended) {
            return word(ended.end().how().name())
                    + ended.end()
                            .failure()
                            .map(VmFailure::word)
                            .map(why -> ": " + why)
                            .orElse("");
        }
        if (event instanceof VmEvent.Passivated passive) {
            return "passive, saved as " + passive.report().snapshot();
        } else if (event instanceof VmEvent.NotPassivated not) {
            return "not passivated: " + not.reason();
        } else if (event instanceof VmEvent.Woken woken) {
            return "woken by " + woken.by();
        }
        return kind(event) == VmEventKind.OTHER ? event.getClass().getSimpleName() : "";
    }

    private static String word(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Takes no more, and waits until what it has is written, or 5 s on a disk that hangs. Idempotent. */
    @Override
    public void close() {
        Optional<CompletableFuture<Void>> last;
        synchronized (this) {
            closed = true;
            last = writing;
        }
        if (last.isEmpty()) {
            return;
        }
        try {
            last.get().get(LAST_WRITES.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn(
                    "the last events of VMs are not in the journal: its disk did not take them within {} s",
                    LAST_WRITES.toSeconds());
        }
    }
}
