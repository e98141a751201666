package vmette.process;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Spawns children that do not outlive their parent. Thread-safe. */
public interface ChildSpawner {
    /** The standard input of a child that is told nothing there. */
    Redirect NO_INPUT = Redirect.from(new File("/dev/null"));

    /**
     * Spawns one without blocking, with {@code /} as working directory, a reduced environment and its error output joined to its
     * output. Whoever gets the process reads that to its end.
     *
     * @param purpose what it is there for
     * @param command the program's absolute path and its arguments
     * @param input its standard input
     * @return never to be blocked in what follows; fails with {@link vmette.errors.StartFailedException}
     */
    CompletionStage<Process> spawn(ChildPurpose purpose, List<String> command, Redirect input);
}
