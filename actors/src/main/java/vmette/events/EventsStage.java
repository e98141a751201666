package vmette.events;

import akka.Done;
import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.function.Consumer;
import java.util.function.Function;
import vmette.actors.VmEvent;
import vmette.reclaim.Reclaim;

/** A subscription of its own for each materialisation. */
final class EventsStage extends GraphStage<SourceShape<VmEvent>> {
    private final Outlet<VmEvent> out = Outlet.create("VmEvents.out");
    private final SourceShape<VmEvent> shape = SourceShape.of(out);
    private final Function<Runnable, Subscription> subscribe;
    private final Consumer<Subscription> forget;

    /**
     * @param subscribe given what to call when there is something to poll
     * @param forget the stage has ended
     */
    EventsStage(Function<Runnable, Subscription> subscribe, Consumer<Subscription> forget) {
        this.subscribe = subscribe;
        this.forget = forget;
    }

    @Override
    public SourceShape<VmEvent> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends GraphStageLogic {
        private final Subscription subscription;
        private final AsyncCallback<Done> arrived;
        private final Cleaner.Cleanable place;

        Logic() {
            super(shape);
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    emit();
                }
            });
            // Here, while it is being materialised, and not when it is started by a thread of its own: whatever happens
            // from then on is told.
            arrived = createAsyncCallback(done -> {
                awake();
                emit();
            });
            WeakReference<AsyncCallback<Done>> known = new WeakReference<>(arrived);
            Subscription taken = subscribe.apply(() -> {
                AsyncCallback<Done> here = known.get();
                if (here != null) {
                    here.invoke(Done.getInstance());
                }
            });
            subscription = taken;
            Consumer<Subscription> last = forget;
            // It may never be started, where another stage of its stream cannot be made.
            place = Reclaim.of(this, () -> {
                taken.close();
                last.accept(taken);
            });
        }

        private void awake() {
            subscription.awake();
        }

        private void emit() {
            if (isAvailable(out)) {
                subscription.poll().ifPresent(event -> push(out, event));
            }
            if (subscription.isOver()) {
                completeStage();
            }
        }

        @Override
        public void postStop() {
            place.clean();
        }
    }
}
