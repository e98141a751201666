package vmette.cli;

import akka.stream.javadsl.Sink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import vmette.Fleet;
import vmette.VmPool;
import vmette.Vmette;
import vmette.actors.FleetEnd;
import vmette.actors.VmEvent;
import vmette.config.PoolPlan;
import vmette.config.fleet.VmPlan;
import vmette.control.EventFacts;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;

/** A fleet in the foreground of this process, until it is taken down or a signal ends it. */
final class FleetRun {
    private static final Map<String, Integer> SIGNALS = Map.of("INT", 2, "TERM", 15, "HUP", 1);
    private static final int SIGNALLED = 128;

    private final String name;
    private final FleetSource source;
    private final CommonOptions common;
    private final AtomicInteger signal = new AtomicInteger();
    private final Set<String> ready = new HashSet<>();

    FleetRun(String name, FleetSource source, CommonOptions common) {
        this.name = name;
        this.source = source;
        this.common = common;
    }

    /** Has it up until its end, which the exit code tells. */
    int run() {
        long begun = System.nanoTime();
        try (Vmette vmette = Vmette.create(source.settings(), common.transfers())) {
            UpFleet up = new UpFleet(name, source);
            vmette.publish(up).toCompletableFuture().join();
            UpFleet.refuseTaken(
                    source.deployment().vms().stream().map(VmPlan::name).toList(),
                    source.settings().runtimeDir());
            refuseTakenPools();
            Fleet fleet = deploy(vmette, up);
            // Not by the thread that supervises the fleet: whoever reads this may have stopped.
            fleet.ready().whenCompleteAsync((done, failure) -> tellReady(failure, begun));
            SIGNALS.forEach((word, number) -> HostSignals.onEach(word, () -> onSignal(number, up)));
            FleetEnd end = fleet.ended().toCompletableFuture().join();
            up.down().toCompletableFuture().join();
            common.progress().accept("the fleet " + name + " is down");
            return exitCode(end);
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private Fleet deploy(Vmette vmette, UpFleet up) {
        try {
            Consumer<VmEvent> progress = this::tell;
            vmette.events().runWith(Sink.foreach(progress::accept), vmette.system());
            Fleet fleet = vmette.deploy(source.deployment(), vmette::publish);
            // After the fleet, whose VMs come up first.
            List<VmPool> pools = source.pools().stream().map(vmette::pool).toList();
            up.deployed(fleet, pools);
            pools.forEach(pool -> vmette.publish(pool).toCompletableFuture().join());
            return fleet;
        } catch (RuntimeException e) {
            up.failed(e);
            throw e;
        }
    }

    /** That is known before anything is done. */
    private void refuseTakenPools() {
        List<Runtimes.Peer> others = Runtimes.find(
                        source.settings().runtimeDir().map(Path::toString).orElse(""))
                .living();
        for (PoolPlan pool : source.pools()) {
            if (others.stream().anyMatch(peer -> peer.pools().contains(pool.name()))) {
                throw new VmetteIoException("a pool named " + pool.name()
                        + " is open already: close that one first, or choose another name; nothing was started");
            }
        }
    }

    private void onSignal(int number, UpFleet up) {
        if (signal.compareAndSet(0, number)) {
            common.progress()
                    .accept("stopping the fleet " + name + " in the reverse order of its start; once more kills it");
            up.down();
        } else {
            // What is left is killed by the hooks.
            System.exit(SIGNALLED + number);
        }
    }

    private void tellReady(Throwable failure, long begun) {
        String took = Spans.text(Duration.ofNanos(System.nanoTime() - begun));
        if (failure == null) {
            say(
                    "up",
                    "the fleet " + name + " is up after " + took + ": "
                            + count(
                                    source.deployment().vms().size(),
                                    source.pools().size()) + "; Ctrl-C, or vmette down --fleet " + name
                            + ", ends it");
        } else if (signal.get() == 0) {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            say(
                    "incomplete",
                    "the fleet " + name + " is up after " + took + " but for what failed: "
                            + (cause instanceof VmetteException ? cause.getMessage() : cause.toString()));
        }
    }

    private static String count(int vms, int pools) {
        String all = vms == 1 ? "1 VM" : vms + " VMs";
        if (pools == 0) {
            return all;
        }
        String ready = pools == 1 ? "1 pool" : pools + " pools";
        return vms == 0 ? ready : all + ", " + ready;
    }

    /** They come and go all the time. */
    private boolean isPools(Facts event) {
        return source.pools().stream().anyMatch(pool -> event.text("vm").startsWith(pool.prefix()));
    }

    private void say(String event, String line) {
        if (common.isQuiet()) {
            return;
        }
        if (common.isJson()) {
            System.err.println(Json.line(Json.object("event", event, "fleet", name, "message", line)));
        } else {
            common.say(line);
        }
    }

    private void tell(VmEvent event) {
        Facts facts = EventFacts.of(event);
        if (common.isQuiet()) {
            return;
        }
        if (common.isJson()) {
            System.err.println(EventLines.json(facts));
        } else if (Set.of("ready", "failed", "ended", "missed").contains(facts.text("event"))
                && (!isPools(facts) || facts.text("event").equals("failed"))) {
            common.say(EventLines.text(facts) + progress(facts));
        }
    }

    private synchronized String progress(Facts event) {
        if (!event.text("event").equals("ready") || !ready.add(event.text("vm"))) {
            return "";
        }
        int all = source.deployment().vms().size();
        return ready.size() > all ? "" : " (" + ready.size() + " of " + all + ")";
    }

    private int exitCode(FleetEnd end) {
        if (signal.get() != 0) {
            return SIGNALLED + signal.get();
        }
        if (!end.asked() && !end.failures().isEmpty()) {
            throw end.failures().get(0).toException();
        }
        return 0;
    }
}
