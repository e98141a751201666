package vmette.bench;

import java.io.IOException;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.VmHandle;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.testkit.BareMachines;
import vmette.testkit.VmetteTestKit;
import vmette.vmm.FakeVmm;

/** What supervision costs without machines: heap for each VM, and failures that are handled in a second. */
@Command(
        name = "supervision",
        description = "Many supervised VMs without machines: live heap for each, and failures recovered in a second.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class SupervisionCommand implements Callable<Integer> {
    private static final double TARGET_KIB = 8;
    private static final double TARGET_RATE = 1000;
    private static final double BYTES_PER_KIB = 1 << 10;
    private static final int AT_A_TIME = 1000;

    /** Recovered at once, and as often as it takes; warnings, one for each failure, are not what is measured. */
    private static final String SETTINGS =
            "vmette.recovery { mode = transient, max-restarts = 100, within = 1ms, stable-after = 0s }";

    @Mixin
    private ReportOptions output;

    @Option(names = "--vms", paramLabel = "N", description = "How many. Default: ${DEFAULT-VALUE}.")
    private int vms = 10_000;

    @Option(names = "--seconds", paramLabel = "N", description = "How long they fail. Default: ${DEFAULT-VALUE}.")
    private int seconds = 20;

    @Option(
            names = "--hold",
            paramLabel = "N",
            hidden = true,
            description = "Seconds to hold still for a look at the heap.")
    private int hold;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Counts.requireAtLeast("--vms", vms, 1);
        Counts.requireAtLeast("--seconds", seconds, 1);
        Counts.requireAtLeast("--hold", hold, 0);
        System.setProperty("org.slf4j.simpleLogger.log.vmette.actors", "off");
        String load = MachineDescription.load();
        Report.Builder report = new Report.Builder("supervision");
        double bare = bareKib();
        boolean recovered;
        try (VmetteTestKit kit = VmetteTestKit.realTime(SETTINGS)) {
            warmUp(kit);
            long none = HostUse.liveHeapBytes();
            long begun = System.nanoTime();
            List<VmHandle> handles = launch(kit);
            double launching = (System.nanoTime() - begun) / 1e9;
            double all = (HostUse.liveHeapBytes() - none) / BYTES_PER_KIB / vms;
            Await.pause(Duration.ofSeconds(hold));
            report.row(Row.of("VMs", vms, ""))
                    .row(Row.of("launched per second", vms / launching, ""))
                    .row(Row.of("live heap per VM", all, "KiB").target(TARGET_KIB))
                    .row(Row.of("of it the machine that is none, measured alone", bare, "KiB"))
                    .row(Row.of("the rest, which is supervision", all - bare, "KiB"));
            FailureStorm storm = new FailureStorm(kit, handles, AT_A_TIME);
            FailureStorm.Outcome outcome = storm.rage(seconds);
            recovered = outcome.failures() == outcome.recoveries() && outcome.answering() == vms;
            report.row(Row.of("failures", (double) outcome.failures(), ""))
                    .row(Row.of("recoveries", (double) outcome.recoveries(), ""))
                    .row(Row.of("failures per second, each recovered", outcome.failures() / outcome.seconds(), "")
                            .atLeast(TARGET_RATE))
                    .row(Row.of("VMs that answer afterwards", (double) outcome.answering(), ""))
                    .note("up to " + Math.min(AT_A_TIME, vms)
                            + " VMs at a time are between failure and ready; the log says nothing");
        }
        output.publish(report.build(MachineDescription.read(new FakeVmm().capabilities(), "none: scripts", load)));
        return recovered ? 0 : 1;
    }

    /** What the JVM and the runtime make once. */
    private void warmUp(VmetteTestKit kit) {
        List<VmHandle> few = new ArrayList<>();
        for (int i = 0; i < Math.min(vms, 100); i++) {
            few.add(Await.on(kit.vmette().launch(spec("warm-" + i))));
        }
        few.forEach(Product::stop);
    }

    private double bareKib() throws InterruptedException {
        BareMachines.boot(Math.min(vms, 100), spec("bare")).close();
        long none = HostUse.liveHeapBytes();
        BareMachines machines = BareMachines.boot(vms, spec("bare"));
        try {
            return (HostUse.liveHeapBytes() - none) / BYTES_PER_KIB / vms;
        } finally {
            Reference.reachabilityFence(machines);
            machines.close();
        }
    }

    private List<VmHandle> launch(VmetteTestKit kit) {
        List<CompletionStage<VmHandle>> launches = new ArrayList<>(vms);
        for (int i = 0; i < vms; i++) {
            launches.add(kit.vmette().launch(spec("vm-" + i)));
        }
        List<VmHandle> handles = new ArrayList<>(vms);
        for (CompletionStage<VmHandle> launch : launches) {
            handles.add(Await.on(launch));
        }
        if (handles.stream().anyMatch(vm -> !kit.vm(vm.name()).isReady())) {
            throw new VmLostException("a VM without a machine failed by itself: there is nothing to measure");
        }
        return handles;
    }

    private static VmSpec spec(String name) {
        return VmSpec.builder().name(name).build();
    }
}
