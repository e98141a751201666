package vmette;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.Durations;
import vmette.config.ExecSpec;
import vmette.config.PoolPlan;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.errors.ProgramNotRunException;
import vmette.errors.Reasons;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.machine.GoldenLook;
import vmette.machine.SaveReport;
import vmette.recovery.Snapshot;
import vmette.vmm.GuestText;

/** The VMs of one pool, as its plan describes them: where they come from until somebody gets them. Thread-safe. */
final class PoolTemplate implements TemplateVms<VmHandle> {
    /** A warm-up that takes longer never ends. */
    static final Duration LONGEST_WARM_UP = Duration.ofHours(1);

    /**
     * So many commands are run in a VM whose code is translated before it is lent: each QEMU does so anew when that first runs, so that a
     * command of a VM that has run none takes several times as long, and one after ten still a sixth longer.
     */
    static final int LIMBERING = 16;

    private static final Duration LONGEST_LIMBERING = Duration.ofMinutes(1);

    /** Of what a warm-up that failed has written. */
    private static final int TOLD = 500;

    private static final Logger LOG = LoggerFactory.getLogger(PoolTemplate.class);

    /** Begins a VM, from a snapshot or as it is specified. */
    interface Begin {
        VmHandle vm(VmSpec spec, LaunchOptions options, Optional<String> snapshot);
    }

    private final String pool;
    private final String prefix;
    private final VmSpec spec;
    private final String golden;
    private final Begin begin;
    private final Machinery machines;
    private final ActorSystem<?> system;
    private final Consumer<String> progress;
    private final Consumer<GoldenLook.Foreign> foreign;
    private final AtomicLong numbers = new AtomicLong();
    private final Set<VmHandle> coming = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    PoolTemplate(
            PoolPlan plan,
            Begin begin,
            Machinery machines,
            ActorSystem<?> system,
            Consumer<String> progress,
            Consumer<GoldenLook.Foreign> foreign) {
        this.pool = plan.name();
        this.prefix = plan.prefix();
        this.spec = plain(plan.spec());
        this.golden = Templates.golden(spec);
        this.begin = begin;
        this.machines = machines;
        this.system = system;
        this.progress = progress;
        this.foreign = foreign;
    }

    /** What the pool itself sees to, or what is of no use to VMs that are never recovered. */
    private static VmSpec plain(VmSpec spec) {
        SnapshotSpec snapshots = spec.snapshots();
        return spec.toBuilder()
                .snapshots(snapshots.toBuilder()
                        .golden(false)
                        .checkpointInterval(Duration.ZERO)
                        .build())
                .build();
    }

    /** What the golden snapshot is called. */
    String golden() {
        return golden;
    }

    /** Whether its VMs go on from a snapshot that the plan names. */
    boolean isRestored() {
        return spec.snapshots().resume().isPresent();
    }

    @Override
    public CompletionStage<Optional<Snapshot>> find() {
        return machines.lookAt(golden, spec).thenApply(look -> {
            look.foreign().ifPresent(foreign);
            return look.usable();
        });
    }

    @Override
    public CompletionStage<VmHandle> restore(String snapshot) {
        return prepared(Optional.of(snapshot), this::limberUp);
    }

    @Override
    public CompletionStage<VmHandle> boot() {
        return prepared(Optional.empty(), vm -> warmUp(vm).thenCompose(done -> limberUp(vm)));
    }

    private CompletionStage<VmHandle> prepared(
            Optional<String> snapshot, Function<VmHandle, CompletionStage<Done>> preparing) {
        VmHandle vm;
        try {
            vm = begin.vm(
                    spec.toBuilder().name(prefix + numbers.incrementAndGet()).build(),
                    LaunchOptions.DEFAULT.withGroup("pool " + pool),
                    snapshot);
        } catch (VmetteException e) {
            return CompletableFuture.failedStage(e);
        }
        return orStopped(vm, vm.ready().thenCompose(ready -> preparing.apply(vm)))
                .thenApply(done -> vm);
    }

    /** While it goes on, the end of the pool is the VM's; what fails leaves no VM. */
    private <T> CompletionStage<T> orStopped(VmHandle vm, CompletionStage<T> preparing) {
        coming.add(vm);
        if (closed) {
            vm.stop();
        }
        return preparing
                .handle((done, failure) -> {
                    coming.remove(vm);
                    return failure == null
                            ? CompletableFuture.completedStage(done)
                            : vm.stop()
                                    .thenCompose(end -> CompletableFuture.<T>failedStage(Reasons.unwrapped(failure)));
                })
                .thenCompose(Function.identity());
    }

    private CompletionStage<Done> warmUp(VmHandle vm) {
        Optional<String> line = spec.snapshots().warmUp();
        if (line.isEmpty()) {
            return CompletableFuture.completedStage(Done.getInstance());
        }
        Execution execution = vm.exec(ExecSpec.shell(line.get()).withoutStdin().mergingOutputs());
        CompletionStage<ByteString> written = execution
                .stdout()
                .runWith(
                        Sink.fold(ByteString.emptyByteString(), (last, more) -> last.concat(more)
                                .takeRight(TOLD)),
                        system);
        return execution
                .status()
                .thenApply(Optional::of)
                .toCompletableFuture()
                .completeOnTimeout(Optional.empty(), LONGEST_WARM_UP.toSeconds(), TimeUnit.SECONDS)
                .thenCompose(status -> status.isPresent()
                        ? written.thenApply(last -> checked(status.get(), last))
                        : CompletableFuture.failedStage(new StartFailedException("the warm-up of the pool " + pool
                                + " was not done after " + Durations.text(LONGEST_WARM_UP) + " (snapshot.warm-up)")));
    }

    private CompletionStage<Done> limberUp(VmHandle vm) {
        return vm.ready()
                .thenCompose(ready -> ran(vm, ready.capabilities().translatesCode() ? LIMBERING : 0))
                .toCompletableFuture()
                .orTimeout(LONGEST_LIMBERING.toSeconds(), TimeUnit.SECONDS);
    }

    private CompletionStage<Done> ran(VmHandle vm, int commands) {
        if (commands == 0) {
            return CompletableFuture.completedStage(Done.getInstance());
        }
        Execution execution = vm.exec(ExecSpec.shell("echo").withoutStdin().mergingOutputs());
        CompletionStage<Done> read = execution.stdout().runWith(Sink.ignore(), system);
        return execution
                .status()
                .thenCombine(read, (status, done) -> true)
                .exceptionallyCompose(PoolTemplate::withoutShell)
                .thenCompose(again -> ran(vm, again ? commands - 1 : 0));
    }

    /** An image may have no shell: its commands just begin slower. */
    private static CompletionStage<Boolean> withoutShell(Throwable failure) {
        return Reasons.unwrapped(failure) instanceof ProgramNotRunException
                ? CompletableFuture.completedStage(false)
                : CompletableFuture.failedStage(failure);
    }

    private Done checked(ExitStatus status, ByteString written) {
        if (status.isSuccess()) {
            return Done.getInstance();
        }
        throw new StartFailedException("the warm-up of the pool " + pool + " " + status + " (snapshot.warm-up)"
                + tail(written) + "; correct it, for each VM has to have run it");
    }

    private static String tail(ByteString written) {
        String text = GuestText.printable(
                written.decodeString(StandardCharsets.UTF_8).strip().replace('\n', ' '));
        return text.isEmpty() ? "" : ", having written: " + text;
    }

    @Override
    public CompletionStage<Snapshot> save(VmHandle vm) {
        return saved(vm, vm.snapshot(golden));
    }

    @Override
    public CompletionStage<Snapshot> saveUnnamed(VmHandle vm) {
        return saved(vm, vm.snapshotUnnamed());
    }

    private CompletionStage<Snapshot> saved(VmHandle vm, CompletionStage<SaveReport> saving) {
        coming.add(vm);
        if (closed) {
            vm.stop();
        }
        return saving.thenApply(report -> machines.find(report.snapshot(), spec))
                .whenComplete((saved, failure) -> coming.remove(vm));
    }

    @Override
    public boolean hasEnded(VmHandle vm) {
        return vm.hasEnded();
    }

    @Override
    public void discard(Snapshot snapshot, Throwable why) {
        LOG.warn(
                "pool {}: the snapshot {} is given up, since VMs do not come up from it: {}",
                pool,
                snapshot.id(),
                why.getMessage());
        if (!isReplaced(snapshot)) {
            machines.discard(snapshot.id());
        }
    }

    private boolean isReplaced(Snapshot snapshot) {
        try {
            return snapshot.id().equals(golden) && !machines.find(golden, spec).equals(snapshot);
        } catch (VmetteException none) {
            return false;
        }
    }

    @Override
    public void say(String line) {
        LOG.warn("pool {}: {}", pool, line);
        progress.accept("pool " + pool + ": " + line);
    }

    /** What is on its way is not wanted any more. */
    void close() {
        closed = true;
        coming.forEach(VmHandle::stop);
    }
}
