package vmette.admission;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.AdmissionSettings;
import vmette.config.WhenFull;
import vmette.errors.AdmissionRefusedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/** Lets the VMs of a runtime come up a bounded number at a time and within a bounded memory. Thread-safe; nothing blocks. */
public final class AdmissionControl {
    /** What a monitor takes beside its guest's memory: heap, code and tables of an idle one. */
    public static final long MONITOR_MIB = 32;

    private static final Logger LOG = LoggerFactory.getLogger(AdmissionControl.class);

    private final AdmissionQueue queue;
    private final AdmissionSettings settings;
    private final InstantSource clock;
    private final long mostMib;

    /**
     * @param processors of this JVM
     * @param hostMib memory of the host, in MiB; {@code Long.MAX_VALUE} where it cannot be told
     */
    public AdmissionControl(AdmissionSettings settings, int processors, long hostMib, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.mostMib = settings.memoryMib().orElse(hostMib);
        this.queue = new AdmissionQueue(settings.starting().orElse(2 * processors), mostMib, settings.queue());
    }

    /**
     * The way of a VM.
     *
     * @param group which VMs it takes turns with others for; empty: none
     * @param memoryMib its guest's
     */
    public VmAdmission vm(String name, String group, long memoryMib, WhenFull whenFull) {
        return new Way(new Entrant(name, group, memoryMib + MONITOR_MIB, whenFull));
    }

    /** Who comes up and who waits. */
    public AdmissionStatus status() {
        synchronized (queue) {
            return queue.status();
        }
    }

    /** Names of the VMs that wait: {@link #status} without the rest, for whoever asks often. */
    public Set<String> waiting() {
        synchronized (queue) {
            return queue.waiting();
        }
    }

    /** Makes a change under the lock, and tells those whom it concerns outside of it: what they do then is not ours. */
    private void change(Supplier<List<Verdict>> change) {
        List<Runnable> tellings = new ArrayList<>();
        synchronized (queue) {
            for (Verdict verdict : change.get()) {
                CompletableFuture<Void> asked = verdict.entrant().takeAsked();
                tellings.add(() -> tell(verdict, asked));
            }
        }
        tellings.forEach(Runnable::run);
    }

    private void tell(Verdict verdict, CompletableFuture<Void> asked) {
        if (verdict.kind() == Verdict.Kind.ADMITTED) {
            asked.complete(null);
        } else {
            asked.completeExceptionally(reason(verdict));
        }
    }

    private VmetteException reason(Verdict verdict) {
        String vm = "VM " + verdict.entrant().vm;
        return switch (verdict.kind()) {
            case TOO_LARGE -> new InvalidConfigException(vm + tooLarge(verdict.entrant().memoryMib));
            case REFUSED ->
                new AdmissionRefusedException(vm + " was not launched: "
                        + (verdict.entrant().whenFull == WhenFull.FAIL
                                ? "as many VMs as may come up, or all the memory that they may have is taken"
                                        + " (vmette.admission), and it was not to wait"
                                : settings.queue() + " wait already (vmette.admission.queue)")
                        + "; try again later");
            case SHED ->
                new AdmissionRefusedException(vm + " was not launched: it gave up its place to a later one, since "
                        + settings.queue() + " wait (vmette.admission.queue); try again later");
            case CANCELLED, ADMITTED -> new VmLostException(vm + " was stopped while it waited to come up");
        };
    }

    private String tooLarge(long wantedMib) {
        return ": memory = " + (wantedMib - MONITOR_MIB) + " MiB is more than "
                + (settings.memoryMib().isPresent()
                        ? "all VMs together may have (vmette.admission.memory)"
                        : "this host has")
                + ": use at most " + Math.max(0, mostMib - MONITOR_MIB) + " MiB, since its monitor takes some as well";
    }

    private final class Way implements VmAdmission {
        private final Entrant entrant;
        // Guarded by the queue.
        private boolean entered;
        private boolean unwanted;
        private boolean ended;

        Way(Entrant entrant) {
            this.entrant = entrant;
        }

        @Override
        public CompletionStage<Void> enter() {
            CompletableFuture<Void> asked = new CompletableFuture<>();
            change(() -> {
                entrant.ask(asked);
                boolean refuse = ended || unwanted;
                entered = true;
                unwanted = false;
                return refuse
                        ? List.of(new Verdict(entrant, Verdict.Kind.CANCELLED))
                        : queue.enter(entrant, clock.instant());
            });
            if (!asked.isDone()) {
                LOG.debug("VM {} waits to come up", entrant.vm);
            }
            return asked.minimalCompletionStage();
        }

        @Override
        public void settled() {
            change(() -> queue.settled(entrant));
        }

        @Override
        public void cancel() {
            change(() -> {
                // Its ports are being bound, say, and it has not asked yet.
                unwanted = !entered;
                return queue.cancel(entrant);
            });
        }

        @Override
        public void vacate() {
            change(() -> queue.vacate(entrant));
        }

        @Override
        public void end() {
            change(() -> {
                ended = true;
                return queue.end(entrant);
            });
        }
    }
}
