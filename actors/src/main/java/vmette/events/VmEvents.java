package vmette.events;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.actors.VmEvent;

/**
 * Passes what happens to VMs on to whoever wants to know. Thread-safe. Events of one VM reach each subscriber in their order, and those of several
 * in one that agrees with the order in which each thread published them.
 *
 * <p>A subscriber has a bounded buffer of his own. If it is full the oldest event in it is dropped, and {@link VmEvent.Missed} with their number
 * stands where they would have: what is newest counts, and the end of a VM is never dropped.
 */
public final class VmEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmEvents.class);

    private final int buffer;
    private final LongAdder missed = new LongAdder();
    private final List<Consumer<? super VmEvent>> listeners = new CopyOnWriteArrayList<>();
    private final List<Subscription> ofAll = new CopyOnWriteArrayList<>();
    private final ConcurrentMap<String, List<Subscription>> ofOne = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> taken = new CompletableFuture<>();
    private volatile boolean closed;

    /** @param buffer events that may wait for one subscriber, above 0 */
    public VmEvents(int buffer) {
        if (buffer < 1) {
            throw new IllegalArgumentException("a buffer for " + buffer + " events");
        }
        this.buffer = buffer;
    }

    /** Tells everybody. Never waits for one of them and never throws, whatever they do. */
    public void publish(VmEvent event) {
        for (Consumer<? super VmEvent> listener : listeners) {
            try {
                listener.accept(event);
            } catch (RuntimeException | Error e) {
                LOG.error("{} failed when it was told {}", listener, event, e);
            }
        }
        ofAll.forEach(subscription -> subscription.offer(event));
        if (event instanceof VmEvent.OfVm known) {
            ofOne.getOrDefault(known.vm(), List.of()).forEach(subscription -> subscription.offer(event));
        }
    }

    /**
     * Adds one who is told at once, before any stream, by the thread that publishes: it must be quick. One that throws is told the next all the same.
     */
    public void listen(Consumer<? super VmEvent> listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Of all VMs, from its materialisation on; each has a buffer of its own. Completes, after what waits, when the runtime is closed.
     */
    public Source<VmEvent, NotUsed> all() {
        return Source.fromGraph(
                new EventsStage(wake -> subscribe(Subscription.ofAll(buffer, missed, wake)), this::forget));
    }

    /** The same of one VM. Completes after {@link VmEvent.Ended} of it as well. If there is none of that name yet it waits for one. */
    public Source<VmEvent, NotUsed> of(String vm) {
        return of(vm, () -> false);
    }

    /**
     * The same of one VM that has one life only, whoever has its name after it.
     *
     * @param over whether it has ended, which is true only after that was published, and of which {@link #over} is told
     */
    public Source<VmEvent, NotUsed> of(String vm, BooleanSupplier over) {
        Objects.requireNonNull(vm, "vm");
        return Source.fromGraph(new EventsStage(
                wake -> {
                    Subscription subscription = Subscription.ofOne(vm, over, buffer, missed, wake);
                    // First, so that nothing of a later one of that name is taken for this one's.
                    subscription.closeIfOver();
                    subscribe(subscription);
                    subscription.closeIfOver();
                    return subscription;
                },
                this::forget));
    }

    /** A VM of that name has ended, or was never launched: ends the streams whose VM it was. */
    public void over(String vm) {
        ofOne.getOrDefault(vm, List.of()).forEach(Subscription::closeIfOver);
    }

    private Subscription subscribe(Subscription subscription) {
        subscription
                .vm()
                .ifPresentOrElse(
                        vm -> ofOne.compute(vm, (name, others) -> {
                            List<Subscription> all = others == null ? new CopyOnWriteArrayList<>() : others;
                            all.add(subscription);
                            return all;
                        }),
                        () -> ofAll.add(subscription));
        if (closed) {
            subscription.close();
        }
        return subscription;
    }

    private void forget(Subscription subscription) {
        subscription
                .vm()
                .ifPresentOrElse(
                        vm -> ofOne.computeIfPresent(vm, (name, others) -> {
                            others.remove(subscription);
                            return others.isEmpty() ? null : others;
                        }),
                        () -> ofAll.remove(subscription));
        settleIfDone();
    }

    private void settleIfDone() {
        if (closed && subscribers() == 0) {
            taken.complete(null);
        }
    }

    /** How many streams there are. */
    public int subscribers() {
        return ofAll.size() + ofOne.values().stream().mapToInt(List::size).sum();
    }

    /** How many events subscribers have missed, counted for each of them. */
    public long missed() {
        return missed.sum();
    }

    /** Ends all streams, after what waits for them. Idempotent. */
    @Override
    public void close() {
        closed = true;
        ofAll.forEach(Subscription::close);
        ofOne.values().forEach(all -> all.forEach(Subscription::close));
        settleIfDone();
    }

    /** Completes when it is closed and every stream has had what waited for it, or has ended. */
    public CompletionStage<Void> taken() {
        return taken.minimalCompletionStage();
    }
}
