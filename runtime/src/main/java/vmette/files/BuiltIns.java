package vmette.files;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletionStage;
import vmette.config.ExecSpec;

/** Runs built-ins of a guest's agent: what {@link GuestFiles} needs of a VM. */
@FunctionalInterface
public interface BuiltIns {
    /** Starts a built-in, named by the first argument; what goes wrong is in its outcome and its streams. */
    BuiltIn run(ExecSpec spec);

    /** One that runs. Each stream is materialised at most once. */
    interface BuiltIn {
        /** Takes its input. A failure of what comes before it resets the connection. */
        Sink<ByteString, CompletionStage<Done>> stdin();

        /** Its output. */
        Source<ByteString, NotUsed> stdout();

        /** Its word for people. */
        Source<ByteString, NotUsed> stderr();

        /** Completes after its outputs have ended; fails with a {@code VmetteException} if it did not run or the VM was lost. */
        CompletionStage<Outcome> outcome();

        /** Ends it early; without effect after its end. */
        void end();
    }

    /**
     * How it ended.
     *
     * @param exited by itself, not by a signal
     * @param value exit status or signal number
     */
    record Outcome(boolean exited, int value) {}
}
