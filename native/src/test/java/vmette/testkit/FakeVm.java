package vmette.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import vmette.memory.MappedGuestMemory;
import vmette.vsock.DeviceLoop;
import vmette.vsock.RingGuest;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockLimits;

/**
 * A VM's vsock without the VM: the real device, reached over a real socket and real rings by a guest that does what the test says.
 * Everything runs on the test's thread, within {@link #run}, {@link #until} and {@link #pass}.
 */
public final class FakeVm implements AutoCloseable {
    private static final int MOST_TURNS = 100_000;
    private static final long PROCESS_BUDGET = 256L << 20;

    private final Path directory;
    private final DeviceLoop loop;
    private final VsockDevice device;
    private final RingGuest guest;
    private final VsockBudget budget;
    private long nanos;
    private Throwable loopFailure;
    private String broken;

    private FakeVm(VsockBudget budget, VsockLimits limits) {
        this.budget = budget;
        this.loop = new DeviceLoop(() -> nanos, failure -> loopFailure = failure);
        this.device = new VsockDevice(RingGuest.CID, limits, loop);
        device.onBroken(reason -> broken = reason);
        try {
            // mode 0700, as the device wants it
            directory = Files.createTempDirectory("vmette-fake-vm");
        } catch (IOException e) {
            loop.close();
            throw new UncheckedIOException(e);
        }
        Path socket = directory.resolve("vsock");
        device.listen(socket, peer -> MappedGuestMemory::open, pid -> true);
        work();
        this.guest = RingGuest.connect(socket, this::work);
    }

    /** A VM with the limits that {@link VsockLimits#defaults} gives. */
    public static FakeVm start() {
        VsockBudget budget = new VsockBudget(PROCESS_BUDGET);
        return new FakeVm(budget, VsockLimits.defaults(budget));
    }

    /** A VM with limits of the test's own. */
    public static FakeVm start(VsockLimits limits) {
        return new FakeVm(limits.budget(), limits);
    }

    /** What the code under test is given. Its callbacks run on the test's thread. */
    public VsockHost host() {
        return device.host();
    }

    /** What the guest does. */
    public RingGuest guest() {
        return guest;
    }

    /** What all connections have reserved, in bytes: 0 when none is left. */
    public long reserved() {
        return budget.reserved();
    }

    /** Why the device is of no use any more, if so. */
    public Optional<String> broken() {
        return Optional.ofNullable(broken);
    }

    /** Lets guest and device take turns until neither has anything to do. */
    public void run() {
        boolean worked = true;
        for (int turns = 0; worked; turns++) {
            requireProgress(turns, "an end of all work");
            long before = guest.packets();
            guest.turn();
            worked = work();
            worked |= guest.packets() > before;
        }
    }

    /** Lets guest and device take turns until a condition holds; an {@link AssertionError} if it never does. */
    public void until(BooleanSupplier condition) {
        for (int turns = 0; !condition.getAsBoolean(); turns++) {
            requireProgress(turns, "the condition");
            guest.turn();
            work();
        }
    }

    /** Lets time pass, and what is due happen. */
    public void pass(Duration time) {
        nanos += time.toNanos();
        run();
    }

    private boolean work() {
        boolean any = false;
        for (int turns = 0; loop.doWork(Duration.ZERO); turns++) {
            requireProgress(turns, "a device loop at rest");
            any = true;
        }
        if (loopFailure != null) {
            throw new AssertionError("the device loop failed", loopFailure);
        }
        return any;
    }

    private static void requireProgress(int turns, String what) {
        if (turns > MOST_TURNS) {
            throw new AssertionError("no sign of " + what + " in " + MOST_TURNS + " turns");
        }
    }

    /** Ends the VM as {@link VsockDevice#close} does, and the guest; leaves nothing behind. Idempotent. */
    @Override
    public void close() {
        device.close();
        work();
        guest.close();
        loop.close();
        try {
            Files.deleteIfExists(directory.resolve("vsock"));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
