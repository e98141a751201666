package vmette;

import akka.stream.javadsl.Flow;
import akka.util.ByteString;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Publisher;
import vmette.stream.tck.FlowTck;

/** A fork whose branches give back their elements, as a processor. */
public class ForkTckTest extends FlowTck {
    @Override
    protected Flow<ByteString, ByteString, ?> echoing() {
        return Flow.<ByteString>create()
                .map(List::of)
                .via(new ForkStage<>(
                        new PromptForks(),
                        4,
                        1,
                        (element, clone) -> CompletableFuture.completedFuture(element),
                        ForkMode.single()));
    }

    @Override
    protected Flow<ByteString, ByteString, ?> failing() {
        throw new AssertionError("these streams fail only when there is an element");
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return null;
    }
}
