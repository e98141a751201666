package vmette;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.config.GuestSignal;
import vmette.guest.protocol.StreamId;

/** An execution in the hands of a stage, which begins it. */
record DrivenExecution(Execution execution, Runnable beginning) implements DrivenCommand {
    @Override
    public void begin() {
        beginning.run();
    }

    @Override
    public CompletionStage<Integer> started() {
        return execution.started();
    }

    @Override
    public CompletionStage<ExitStatus> status() {
        return execution.status();
    }

    @Override
    public Optional<Sink<ByteString, ?>> stdin() {
        return execution.has(StreamId.STDIN) ? Optional.of(execution.stdin()) : Optional.empty();
    }

    @Override
    public Optional<Source<ByteString, ?>> stdout() {
        return execution.has(StreamId.STDOUT) ? Optional.of(execution.stdout()) : Optional.empty();
    }

    @Override
    public Optional<Source<ByteString, ?>> stderr() {
        return execution.has(StreamId.STDERR) ? Optional.of(execution.stderr()) : Optional.empty();
    }

    @Override
    public void signal(GuestSignal signal, boolean group) {
        if (group) {
            execution.signalGroup(signal);
        } else {
            execution.signal(signal);
        }
    }

    @Override
    public void resize(int rows, int columns) {
        execution.resize(rows, columns);
    }

    @Override
    public void terminate() {
        execution.terminate();
    }
}
