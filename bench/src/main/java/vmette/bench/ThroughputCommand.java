package vmette.bench;

import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.Execution;
import vmette.VmHandle;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;

/** How fast bytes go through a command's streams, each a vsock connection of its own that the host has dialled. */
@Command(
        name = "throughput",
        description = "Bytes per second through a command's streams: into the guest, out of it, and through cat.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ThroughputCommand implements Callable<Integer> {
    private static final int CHUNK = 64 * 1024;
    private static final int BYTES_PER_MIB = 1 << 20;
    private static final double MEGA = 1e6;

    /** Not head: busybox's copies byte by byte and would be what is measured. */
    private static final String ZEROS = "dd if=/dev/zero bs=1M 2>/dev/null count=";

    @Mixin
    private ReportOptions output;

    @Option(names = "--mib", paramLabel = "N", description = "MiB each way. Default: ${DEFAULT-VALUE}.")
    private int mib = 256;

    @Option(names = "--rounds", paramLabel = "N", description = "Timed rounds. Default: ${DEFAULT-VALUE}.")
    private int rounds = 3;

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--mib", mib, 1);
        Counts.requireAtLeast("--rounds", rounds, 1);
        String load = MachineDescription.load();
        try (Product runtime = Product.start(RuntimeSettings.load())) {
            VmHandle vm = runtime.launch();
            try {
                // Compiles both sides' paths: the JVM's, and the emulator's.
                transfer(runtime, vm, "cat", 1, true, true);
                Report.Builder report = new Report.Builder("throughput")
                        .spread("guest to host", rates(runtime, vm, ZEROS + mib, false, true), "MB/s")
                        .spread("host to guest", rates(runtime, vm, "cat >/dev/null", true, false), "MB/s")
                        .spread("host to guest to host, cat", rates(runtime, vm, "cat", true, true), "MB/s")
                        .note("MB: 10^6 bytes of payload, counted once. " + mib + " MiB in each round.");
                output.publish(report.build(MachineDescription.read(Await.on(vm.ready()), load)));
            } finally {
                Product.stop(vm);
            }
        }
        return 0;
    }

    private Samples rates(Product runtime, VmHandle vm, String command, boolean in, boolean out) {
        List<Double> rates = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            rates.add(transfer(runtime, vm, command, mib, in, out));
        }
        return new Samples(rates.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Returns MB/s from before the command is asked for until it and its streams have ended. */
    private double transfer(Product runtime, VmHandle vm, String command, int size, boolean in, boolean out) {
        long expected = (long) size * BYTES_PER_MIB;
        long begun = System.nanoTime();
        Execution execution = vm.exec(command);
        ByteString chunk = ByteString.fromArrayUnsafe(new byte[CHUNK]);
        Source<ByteString, ?> bytes = in ? Source.repeat(chunk).take(expected / CHUNK) : Source.empty();
        bytes.runWith(execution.stdin(), runtime.runtime().system());
        CompletionStage<Long> received = execution
                .stdout()
                .toMat(Sink.fold(0L, (sum, some) -> sum + some.size()), Keep.right())
                .run(runtime.runtime().system());
        Product.requireSuccess(command, Await.on(execution.status()));
        long count = Await.on(received);
        double seconds = BareQemu.millisSince(begun) / 1e3;
        if (count != (out ? expected : 0)) {
            throw new VmLostException("\"" + command + "\" gave " + count + " bytes and not " + (out ? expected : 0)
                    + ": bytes were lost or added on the way");
        }
        return expected / MEGA / seconds;
    }
}
