package vmette.testkit;

import akka.actor.BootstrapSetup;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import scala.concurrent.ExecutionContext;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.actors.VmEvent;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;

/**
 * A runtime without a hypervisor, for tests of programs that use one. Supervisors, recovery, streams and the guest protocol are the real ones; a machine is none, and programs
 * in its guest follow {@link Script}s. {@link #vm} says what befalls a VM.
 *
 * <p>By default time is the test's: it stands still but within {@link #await}, {@link #until} and {@link #advance}, which let happen what is due, one thing after the other and in the
 * same order every time, and move the clock only when nothing is left to do. All that runs in {@link #system} runs on the one thread of the kit, which nothing may
 * block. With {@link #realTime} time passes as ever.
 */
public final class VmetteTestKit extends Scripted<VmetteTestKit> implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofHours(1);
    private static final long REAL_SECONDS = 60;
    private static final Duration STEP = Duration.ofSeconds(1);

    /** Of backoffs' jitter: the same at every run. */
    private static final long SEED = 20_260_101;

    /** Its machines take neither memory nor processors: a test that is about admission says so in its own settings. */
    private static final String QUIET = """
            akka.coordinated-shutdown { run-by-jvm-shutdown-hook = off, exit-jvm = off }
            vmette.admission { starting = 10000, memory = 1PiB, queue = 1000000 }
            """;

    private static final String VIRTUAL = """
            akka.scheduler.implementation = "vmette.testkit.VirtualScheduler"
            akka.actor {
              internal-dispatcher.executor = default-executor
              default-blocking-io-dispatcher.executor = default-executor
              default-dispatcher.executor = default-executor
            }
            """;

    private final Optional<VirtualTime> virtual;
    private final KitTime time;
    private final Scripts scripts = new Scripts();
    private final Map<String, TestVm> vms = new ConcurrentHashMap<>();
    private final List<Consumer<VmEvent>> listeners = new CopyOnWriteArrayList<>();
    private final ActorSystem<Void> system;
    private final Vmette vmette;

    private VmetteTestKit(Optional<VirtualTime> virtual, String hocon) {
        this.virtual = virtual;
        this.time = virtual.isPresent() ? virtual.get() : new RealTime();
        try {
            Config config = config(hocon);
            RuntimeSettings settings = RuntimeSettings.from(config);
            BootstrapSetup setup = BootstrapSetup.create(config);
            this.system = ActorSystem.create(
                    Behaviors.empty(),
                    "vmette-testkit",
                    virtual.isPresent()
                            ? setup.withDefaultExecutionContext(ExecutionContext.fromExecutor(time::execute))
                            : setup);
            FakeMachines machines = new FakeMachines(
                    time,
                    this::vm,
                    new Random(SEED)::nextDouble,
                    event -> listeners.forEach(listener -> listener.accept(event)));
            this.vmette = Vmette.create(system, settings, machines);
        } catch (RuntimeException e) {
            time.close();
            throw e;
        }
    }

    private Config config(String hocon) {
        try {
            String own = virtual.map(one -> VIRTUAL + VirtualScheduler.ID + " = " + one.id())
                    .orElse("");
            return ConfigFactory.parseString(own)
                    .withFallback(ConfigFactory.parseString(Objects.requireNonNull(hocon, "hocon")))
                    .withFallback(ConfigFactory.parseString(QUIET))
                    .withFallback(ConfigFactory.load())
                    .resolve();
        } catch (ConfigException e) {
            throw new InvalidConfigException("the test kit's configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /** A kit whose time is the test's, with the settings of {@code application.conf}. */
    public static VmetteTestKit create() {
        return create("");
    }

    /**
     * A kit whose time is the test's.
     *
     * @param hocon settings over those of {@code application.conf}, such as {@code vmette.recovery.mode = transient}
     */
    public static VmetteTestKit create(String hocon) {
        return new VmetteTestKit(Optional.of(new VirtualTime()), hocon);
    }

    /** A kit in which time passes, with the settings of {@code application.conf}. */
    public static VmetteTestKit realTime() {
        return realTime("");
    }

    /** A kit in which time passes; settings as for {@link #create(String)}. */
    public static VmetteTestKit realTime(String hocon) {
        return new VmetteTestKit(Optional.empty(), hocon);
    }

    /** The runtime under which the program to be tested launches its VMs. */
    public Vmette vmette() {
        return vmette;
    }

    /** The ActorSystem in which all runs, for materialising streams. */
    public ActorSystem<?> system() {
        return system;
    }

    /** The kit's time. */
    public InstantSource clock() {
        return time;
    }

    /** The VM of this name, launched or not yet. */
    public TestVm vm(String name) {
        if (name.isBlank()) {
            throw new InvalidConfigException("a VM's name cannot be blank: give the one it is launched with");
        }
        return vms.computeIfAbsent(name, one -> new TestVm(one, time, scripts));
    }

    /** Tells somebody what happens to the VMs, by their supervisors' threads: he must not block and not throw. */
    public VmetteTestKit onEvent(Consumer<VmEvent> listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    @Override
    Scripts scripts() {
        return scripts;
    }

    @Override
    VmetteTestKit self() {
        return this;
    }

    /** Launches a VM and waits until it is ready. */
    public VmHandle launch(VmSpec spec) {
        return await(vmette.launch(spec));
    }

    // ---- time

    /** Lets happen what is due now. Only where time is the test's. */
    public void settle() {
        mine("settle").rest();
    }

    /** Lets time pass, not negative, and all that is due happen in its order. Only where time is the test's. */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new InvalidConfigException("time cannot advance by " + duration + ": it does not go back");
        }
        mine("advance").advance(duration);
    }

    private VirtualTime mine(String what) {
        return virtual.orElseThrow(() -> new IllegalStateException(
                what + " is for kits whose time is the test's, made by create; here time passes: use await or until"));
    }

    /**
     * Lets time pass until the stage is settled, an hour at most, or a minute where time passes by itself.
     *
     * @return its value; what it failed with is thrown: a {@link VmetteException} as it is, others as the cause of a {@link CompletionException}
     * @throws AssertionError if it is not settled by then
     */
    public <T> T await(CompletionStage<T> stage) {
        return await(stage, PATIENCE);
    }

    /**
     * The same within a time of one's own.
     *
     * @param atMost of the kit's time
     */
    public <T> T await(CompletionStage<T> stage, Duration atMost) {
        boolean settled = virtual.isEmpty() || virtual.get().advanceUntilSettled(stage, atMost);
        if (!settled) {
            throw new AssertionError("not settled within " + atMost + " of the test kit's time: " + stage);
        }
        long millis = virtual.isPresent() ? 0 : Math.min(atMost.toMillis(), TimeUnit.SECONDS.toMillis(REAL_SECONDS));
        try {
            return stage.toCompletableFuture().get(millis, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof VmetteException known ? known : new CompletionException(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("not settled within " + millis + " ms: " + stage, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + stage, e);
        }
    }

    /**
     * Lets time pass until a condition holds, an hour at most, or a minute where time passes by itself.
     *
     * @throws AssertionError if it does not by then
     */
    public void until(BooleanSupplier condition) {
        if (virtual.isPresent()) {
            if (!virtual.get().advanceUntil(condition, PATIENCE)) {
                throw new AssertionError("the condition did not come to hold within " + PATIENCE);
            }
            return;
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(REAL_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end || Thread.currentThread().isInterrupted()) {
                throw new AssertionError("the condition did not come to hold within " + REAL_SECONDS + " s");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Ends every VM, the ActorSystem and the kit's thread. Idempotent. */
    @Override
    public void close() {
        Thread closing = new Thread(vmette::close, "vmette-testkit-close");
        closing.setDaemon(true);
        closing.start();
        pump(() -> !closing.isAlive());
        system.terminate();
        pump(() -> system.getWhenTerminated().toCompletableFuture().isDone());
        time.close();
    }

    /** Waits for what other threads do as well: time passes until it is done, or a minute has really passed. */
    private void pump(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(REAL_SECONDS);
        while (!done.getAsBoolean()
                && System.nanoTime() < end
                && !Thread.currentThread().isInterrupted()) {
            virtual.ifPresent(one -> one.advance(STEP));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
