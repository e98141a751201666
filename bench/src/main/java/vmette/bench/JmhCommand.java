package vmette.bench;

import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import vmette.errors.VmetteIoException;

/** The parts by JMH: ring, codec and stage. */
@Command(
        name = "jmh",
        description = "Ring, codec and stage by JMH, with what each operation allocates.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class JmhCommand implements Callable<Integer> {
    @Parameters(paramLabel = "REGEX", arity = "0..*", description = "Which benchmarks. Default: all.")
    private List<String> include = List.of();

    @Option(names = "--forks", paramLabel = "N", description = "JVMs for each. Default: ${DEFAULT-VALUE}.")
    private int forks = 1;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Length of each of 3 warm-ups and 5 runs. Default: ${DEFAULT-VALUE}.")
    private int seconds = 1;

    @Override
    public Integer call() {
        Counts.requireAtLeast("--forks", forks, 0);
        Counts.requireAtLeast("--seconds", seconds, 1);
        ChainedOptionsBuilder options = new OptionsBuilder()
                .forks(forks)
                .warmupIterations(3)
                .measurementIterations(5)
                .warmupTime(TimeValue.seconds(seconds))
                .measurementTime(TimeValue.seconds(seconds))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true);
        include.forEach(options::include);
        try {
            new Runner(options.build()).run();
        } catch (RunnerException e) {
            throw new VmetteIoException("JMH: " + e.getMessage(), e);
        }
        return 0;
    }
}
