package vmette;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import vmette.actors.RunningTickets;
import vmette.config.ExecSpec;
import vmette.stream.tck.SubscriberTck;
import vmette.stream.tck.TckGuest;

/** What a command reads, as a subscriber. */
public class ExecutionInputTckTest extends SubscriberTck<ByteString> {
    @Override
    protected Sink<ByteString, ?> sink() {
        return new Execution(
                        RunningTickets.create(1, ExecSpec.shell("true"), system.actors()),
                        system.vsock(TckGuest.silent()),
                        CompletableFuture.completedStage(system.actors()))
                .stdin();
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
