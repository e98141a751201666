package vmette.bench;

import akka.stream.javadsl.Source;
import java.io.IOException;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** What {@link CapiCommand} compares with: the same runs by the Java API in a JVM of their own, which begins cold as well. */
final class JavaRuns {
    private JavaRuns() {}

    /** Runs the command once for each line of input and prints when each run was over, in nanoseconds of the monotonic clock. */
    public static void main(String[] args) throws IOException {
        try (Vmette vmette = Vmette.create(RuntimeSettings.load())) {
            VmSpec spec = vmette.settings().vm().toBuilder().exec(args[0]).build();
            RunStreams own = RunStreams.ofProcess();
            // As by the C ABI: a caller's standard input is the caller's.
            RunStreams streams = new RunStreams(Source.empty(), own.stdout(), own.stderr());
            while (System.in.read() == '\n') {
                Product.requireSuccess(args[0], Await.on(vmette.run(spec, streams)));
                System.out.println(System.nanoTime());
            }
        }
        System.out.flush();
        Runtime.getRuntime().exit(0);
    }
}
