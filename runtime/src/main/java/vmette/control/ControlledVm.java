package vmette.control;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletionStage;
import vmette.config.ExecSpec;
import vmette.files.GuestFiles;

/** A VM that clients of the control socket reach by its name. Thread-safe; nothing blocks. */
public interface ControlledVm {
    /** Whether it has ended. */
    boolean isOver();

    /** The guest's files. */
    GuestFiles files();

    /** Runs a command once the VM is ready. */
    ControlledCommand exec(ExecSpec spec);

    /**
     * What its service has written.
     *
     * @param lines so many of the last ones, 0 or more
     * @param follow whether what it will write comes as well
     */
    Source<ByteString, ?> log(int lines, boolean follow);

    /** Ends the VM; completes with what became of it when nothing of it is left. */
    CompletionStage<Facts> stop();

    /** Boots it anew; completes with what is known of the next incarnation when that is ready. */
    CompletionStage<Facts> restart();
}
