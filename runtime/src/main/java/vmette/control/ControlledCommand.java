package vmette.control;

import akka.Done;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletionStage;
import vmette.config.GuestSignal;

/** A command in a VM, as a client of the control socket has it. Thread-safe. */
public interface ControlledCommand {
    /**
     * How it ended.
     *
     * @param signalled whether a signal ended it
     * @param value the exit status, or the signal's number
     * @param oomKilled whether the guest ran out of memory on it
     */
    record Exit(boolean signalled, int value, boolean oomKilled) {
        /** As a shell would say it. */
        public int code() {
            return signalled ? 128 + value : value;
        }
    }

    /** Completes with its process id when it runs; fails with a {@code VmetteException}. */
    CompletionStage<Integer> started();

    /** Takes what it reads; materialised at most once, and not at all where the command has no standard input. */
    Sink<ByteString, CompletionStage<Done>> stdin();

    /** Materialised once. */
    Source<ByteString, ?> stdout();

    /** Materialised once, and not at all with a terminal. */
    Source<ByteString, ?> stderr();

    /** Completes when it has ended and its outputs have been taken; fails with a {@code VmetteException}. */
    CompletionStage<Exit> exit();

    /** Sends a signal, to its whole process group or to itself. */
    void signal(GuestSignal signal, boolean group);

    /** Its terminal has another size. */
    void resize(int rows, int columns);

    /** Ends it. Idempotent. */
    void terminate();
}
