package vmette.bench;

import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** What {@link CapiCommand} compares with: the same runs by the Java API in a JVM of their own, which begins cold as well. */
final class JavaRuns {
    private JavaRuns() {}

    /** Runs the command so many times and prints when each was over, in nanoseconds of the monotonic clock. */
    public static void main(String[] args) {
        try (Vmette vmette = Vmette.create(RuntimeSettings.load())) {
            VmSpec spec = vmette.settings().vm().toBuilder().exec(args[1]).build();
            for (int i = 0; i < Integer.parseInt(args[0]); i++) {
                Product.requireSuccess(args[1], Await.on(vmette.run(spec, RunStreams.ofProcess())));
                System.out.println(System.nanoTime());
            }
        }
        System.out.flush();
        Runtime.getRuntime().exit(0);
    }
}
