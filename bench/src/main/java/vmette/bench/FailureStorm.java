package vmette.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import vmette.VmHandle;
import vmette.actors.VmEvent;
import vmette.errors.VmLostException;
import vmette.testkit.TestVm;
import vmette.testkit.VmetteTestKit;

/** VMs whose monitors are killed, one after the other and many at a time, and which come back. */
final class FailureStorm {
    /** For a VM's return at the end. */
    private static final int PATIENCE_SECONDS = 120;

    /**
     * What came of it.
     *
     * @param seconds from the first failure until the last VM was ready again
     * @param answering VMs whose agent answered afterwards, in the incarnation that their failures lead to
     */
    record Outcome(long failures, long recoveries, double seconds, long answering) {}

    private final VmetteTestKit kit;
    private final List<VmHandle> handles;
    private final int atATime;
    private final Semaphore places;
    private final BlockingQueue<TestVm> well = new LinkedBlockingQueue<>();
    private final AtomicLong recoveries = new AtomicLong();

    FailureStorm(VmetteTestKit kit, List<VmHandle> handles, int atATime) {
        this.kit = kit;
        this.handles = handles;
        this.atATime = atATime;
        this.places = new Semaphore(atATime);
        handles.forEach(handle -> well.add(kit.vm(handle.name())));
        kit.onEvent(this::hear);
    }

    private void hear(VmEvent event) {
        if (event instanceof VmEvent.BecameReady became && became.incarnation() > 1) {
            recoveries.incrementAndGet();
            well.add(kit.vm(became.vm()));
            places.release();
        }
    }

    Outcome rage(int seconds) throws InterruptedException {
        Map<String, Long> failures = new ConcurrentHashMap<>();
        long count = 0;
        long begun = System.nanoTime();
        long end = begun + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() < end) {
            if (places.tryAcquire(1, TimeUnit.SECONDS)) {
                TestVm next = well.take();
                next.crash();
                failures.merge(next.name(), 1L, Long::sum);
                count++;
            }
        }
        if (!places.tryAcquire(atATime, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new VmLostException("VMs did not come back within " + PATIENCE_SECONDS + " s: "
                    + (count - recoveries.get()) + " of " + count + " failures were not recovered");
        }
        double took = (System.nanoTime() - begun) / 1e9;
        return new Outcome(count, recoveries.get(), took, answering(failures));
    }

    private long answering(Map<String, Long> failures) {
        List<CompletionStage<Boolean>> answers = new ArrayList<>();
        for (VmHandle vm : handles) {
            answers.add(vm.ping()
                    .handle((uptime, failure) -> failure == null
                            && kit.vm(vm.name()).incarnations() == 1 + failures.getOrDefault(vm.name(), 0L)));
        }
        return answers.stream().filter(Await::on).count();
    }
}
