package vmette.vsock;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import vmette.linux.ReadinessLoop;

/** One device's share of the loop: what its callbacks throw stays with the device, and no watch outlives it. */
final class ScopedReadiness implements ReadinessLoop {
    private final ReadinessLoop loop;
    private final Consumer<Runnable> guard;
    private final Set<Integer> watched = new HashSet<>();

    /** @param guard runs a callback and keeps what it throws */
    ScopedReadiness(ReadinessLoop loop, Consumer<Runnable> guard) {
        this.loop = loop;
        this.guard = guard;
    }

    @Override
    public void watch(int fd, Ready ready) {
        loop.watch(fd, () -> guard.accept(ready::onReady));
        watched.add(fd);
    }

    @Override
    public void unwatch(int fd) {
        if (watched.remove(fd)) {
            loop.unwatch(fd);
        }
    }

    void unwatchAll() {
        new ArrayList<>(watched).forEach(this::unwatch);
    }
}
