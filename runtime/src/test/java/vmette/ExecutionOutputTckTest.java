package vmette;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import vmette.actors.RunningTickets;
import vmette.config.ExecSpec;
import vmette.stream.tck.PublisherTck;
import vmette.stream.tck.TckGuest;

/** What a command writes, as a publisher; standard error is made as standard output is. */
public class ExecutionOutputTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        return output(TckGuest.sending(elements));
    }

    @Override
    protected Source<ByteString, ?> failing() {
        return output(TckGuest.refusing());
    }

    private Source<ByteString, ?> output(TckGuest guest) {
        return new Execution(
                        RunningTickets.create(1, ExecSpec.shell("true"), system.actors()),
                        system.vsock(guest),
                        CompletableFuture.completedStage(system.actors()))
                .stdout();
    }
}
