package vmette;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import vmette.stream.tck.PublisherTck;

/**
 * What comes out of a command as a flow, as a publisher: what it writes to both outputs. Its Started and Exited, which no command is
 * without, are left out here: the kit also asks for streams of one element and of none.
 */
public class ExecEventsTckTest extends PublisherTck<ExecEvent> {
    @Override
    protected Source<ExecEvent, ?> source(long elements) {
        return written(TckCommand.writing(elements));
    }

    @Override
    protected Source<ExecEvent, ?> failing() {
        return written(TckCommand.lost());
    }

    private static Source<ExecEvent, ?> written(TckCommand command) {
        return Source.<ExecInput>maybe()
                .via(Flow.fromGraph(new ExecStage<>(() -> command)))
                .filterNot(event -> event instanceof ExecEvent.Started || event instanceof ExecEvent.Exited);
    }
}
