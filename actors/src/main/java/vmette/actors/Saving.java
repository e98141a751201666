package vmette.actors;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import vmette.machine.SaveReport;

/**
 * One save of an incarnation, from when it was asked for until its agent answers again and all of it is written: what has happened of it, and what waits for its end. Its own;
 * not for several threads.
 */
final class Saving {
    /** What may be asked of a VM while it is being saved. */
    static final int MOST_WAITING = 256;

    private final Optional<CompletableFuture<SaveReport>> reply;
    private final boolean thenEnd;
    private final List<VmInstance.Command> waiting = new ArrayList<>();
    private Optional<SaveReport> report = Optional.empty();
    private Optional<Throwable> failure = Optional.empty();
    private boolean unplugged;
    private boolean goesOn;
    private boolean stopAfterwards;

    private Saving(Optional<CompletableFuture<SaveReport>> reply, boolean thenEnd) {
        this.reply = reply;
        this.thenEnd = thenEnd;
    }

    /** One that has been asked for. */
    static Saving of(InstanceRequest.Save save) {
        return new Saving(Optional.of(save.reply()), save.thenEnd());
    }

    /** One that had failed already when the guest let go of its vsock device after all. */
    static Saving late() {
        Saving late = new Saving(Optional.empty(), false);
        late.unplugged = true;
        late.failure = Optional.of(new IllegalStateException("told before"));
        return late;
    }

    boolean thenEnd() {
        return thenEnd;
    }

    /** False: so many requests wait that there is no room for another. What the incarnation hears of its own is told once, and always has room. */
    boolean hold(VmInstance.Command message) {
        return (waiting.size() < MOST_WAITING || !(message instanceof InstanceRequest)) && waiting.add(message);
    }

    /** What waited, in its order, and waits no more. */
    List<VmInstance.Command> release() {
        List<VmInstance.Command> released = List.copyOf(waiting);
        waiting.clear();
        return released;
    }

    void stopAfterwards() {
        stopAfterwards = true;
    }

    boolean isToStop() {
        return stopAfterwards;
    }

    /** No connection is left. */
    void unplugged() {
        unplugged = true;
    }

    /** The guest does, and the rest is done beside it. */
    void goesOn() {
        goesOn = true;
    }

    void saved(SaveReport what) {
        report = Optional.of(what);
    }

    void failed(Throwable why) {
        failure = Optional.of(why);
    }

    /** Whether the guest goes on and all its connections are gone, so that the agent is to be dialled. A save that succeeded always ends them. */
    boolean isToRedial() {
        return unplugged && (goesOn || isOver());
    }

    /** Whether the machine is done with it. */
    boolean isOver() {
        return report.isPresent() || failure.isPresent();
    }

    /** Whether it failed before anything was done to the guest. */
    boolean leftAllAsItWas() {
        return failure.isPresent() && !unplugged;
    }

    /** Tells who asked for it. */
    void answer() {
        reply.ifPresent(promise -> {
            report.ifPresent(promise::complete);
            failure.ifPresent(promise::completeExceptionally);
        });
    }
}
