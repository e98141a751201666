package vmette.control;

import akka.actor.ClassicActorSystemProvider;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A runtime of which a test says what is told of it. */
final class FakeRuntime implements ControlledRuntime {
    final List<Facts> vms = new CopyOnWriteArrayList<>();
    final EventTail events = new EventTail();
    private final ClassicActorSystemProvider system;

    FakeRuntime(ClassicActorSystemProvider system) {
        this.system = system;
    }

    @Override
    public ClassicActorSystemProvider system() {
        return system;
    }

    @Override
    public EventTail events() {
        return events;
    }

    @Override
    public List<Facts> vms() {
        return List.copyOf(vms);
    }
}
