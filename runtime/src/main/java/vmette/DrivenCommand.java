package vmette;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.config.GuestSignal;

/** One command as {@link ExecStage} drives it. */
interface DrivenCommand {
    /** Asks for it to be run; first. */
    void begin();

    /** Its process id. */
    CompletionStage<Integer> started();

    /** Completes after the outputs that were taken have ended. */
    CompletionStage<ExitStatus> status();

    /** Empty: it has none. */
    Optional<Sink<ByteString, ?>> stdin();

    /** Empty: not wanted. */
    Optional<Source<ByteString, ?>> stdout();

    /** Empty: not wanted, or one with the standard output. */
    Optional<Source<ByteString, ?>> stderr();

    void signal(GuestSignal signal, boolean group);

    void resize(int rows, int columns);

    /** Ends it, now or as soon as it runs; idempotent, and without effect on one that has ended. */
    void terminate();
}
