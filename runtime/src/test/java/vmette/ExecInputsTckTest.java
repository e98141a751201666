package vmette;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import vmette.stream.tck.SubscriberTck;

/** What goes into a command as a flow, as a subscriber. */
public class ExecInputsTckTest extends SubscriberTck<ExecInput> {
    @Override
    protected Sink<ExecInput, ?> sink() {
        return Flow.fromGraph(new ExecStage<>(TckCommand::reading)).to(Sink.ignore());
    }

    @Override
    public ExecInput createElement(int element) {
        return switch (element % 3) {
            case 0 -> ExecInput.resize(24, 80);
            case 1 -> ExecInput.signal("USR1");
            default -> ExecInput.stdin("element " + element);
        };
    }
}
