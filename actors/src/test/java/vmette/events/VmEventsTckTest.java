package vmette.events;

import akka.stream.javadsl.Source;
import org.reactivestreams.Publisher;
import vmette.actors.VmEvent;
import vmette.stream.tck.PublisherTck;

/** The events of a runtime, as a publisher: each materialisation is told so many, and then the runtime closes. */
public class VmEventsTckTest extends PublisherTck<VmEvent> {
    private static final int BUFFER = 1 << 16;

    @Override
    protected Source<VmEvent, ?> source(long elements) {
        return Source.fromMaterializer((materializer, attributes) -> {
            VmEvents events = new VmEvents(BUFFER);
            return events.all().mapMaterializedValue(ignored -> {
                Thread publisher = new Thread(() -> publish(events, elements));
                publisher.setDaemon(true);
                publisher.start();
                return ignored;
            });
        });
    }

    private static void publish(VmEvents events, long elements) {
        while (events.subscribers() == 0) {
            Thread.onSpinWait();
        }
        for (long i = 0; i < Math.min(elements, BUFFER); i++) {
            events.publish(Told.launched("vm", i));
        }
        if (elements <= BUFFER) {
            events.close();
        }
    }

    @Override
    protected Source<VmEvent, ?> failing() {
        throw new AssertionError("these streams do not fail");
    }

    @Override
    public Publisher<VmEvent> createFailedPublisher() {
        return null;
    }

    @Override
    public long maxElementsFromPublisher() {
        return BUFFER;
    }
}
