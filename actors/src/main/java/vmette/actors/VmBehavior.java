package vmette.actors;

import akka.actor.typed.Behavior;
import akka.actor.typed.ExtensibleBehavior;
import akka.actor.typed.Signal;
import akka.actor.typed.TypedActorContext;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import java.util.function.BiFunction;

/**
 * An actor that each VM has, ready or not: what is done in it is logged under its VM's name ({@link VmMdc}), and what it throws is its own failure ({@link
 * Guarded}). An {@code AbstractBehavior} with {@code Behaviors.withMdc} would do the same, and keep some 300 bytes for each of ten thousand. For the same reason
 * such an actor logs by a logger of its class: its context's would cost it another 150, of which its path is most.
 */
abstract class VmBehavior<T> extends ExtensibleBehavior<T> {
    private final ActorContext<T> context;
    private final String vm;

    /** @param vm the VM's name */
    VmBehavior(ActorContext<T> context, String vm) {
        this.context = context;
        this.vm = vm;
    }

    /** Has one made. */
    static <T> Behavior<T> create(
            String vm, BiFunction<ActorContext<T>, TimerScheduler<T>, ? extends VmBehavior<T>> making) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> VmMdc.within(vm, () -> Guarded.made(() -> making.apply(context, timers)))));
    }

    final ActorContext<T> getContext() {
        return context;
    }

    /** A message has come. */
    abstract Behavior<T> onCommand(T command);

    /** Something has happened to it or to whom it watches. */
    abstract Behavior<T> onSignal(Signal signal);

    /** It fails with this. */
    abstract void onThrown(Throwable thrown);

    @Override
    public final Behavior<T> receive(TypedActorContext<T> same, T message) throws Exception {
        return VmMdc.within(vm, () -> Guarded.contained(() -> onCommand(message), this::onThrown));
    }

    @Override
    public final Behavior<T> receiveSignal(TypedActorContext<T> same, Signal signal) throws Exception {
        return VmMdc.within(vm, () -> Guarded.contained(() -> onSignal(signal), this::onThrown));
    }
}
