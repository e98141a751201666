package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import vmette.errors.VmLostException;

/** What is asked of a VM: passed on to its incarnation, kept waiting for one, or refused. The supervisor's own; not for several threads. */
final class Requests {
    /** What a VM can do with a request. */
    enum Standing {
        /** Its incarnation takes it. */
        READY,
        /** There is going to be one. */
        COMING,
        /** There is one, and no other after it. */
        ENDING,
        /** There is none and never will be. */
        ENDED
    }

    private final String vm;
    private final TimerScheduler<VmSupervisor.Command> timers;
    private final Duration connectTimeout;
    private final WaitingRequests<VmRequest.Run> commands;
    private final WaitingRequests<VmRequest.Forward> connections;
    private final Unanswered unanswered = new Unanswered();

    /** @param connectTimeout how long a connection waits whose caller does not say */
    Requests(
            String vm,
            TimerScheduler<VmSupervisor.Command> timers,
            Duration connectTimeout,
            int most,
            InstantSource clock) {
        this.vm = vm;
        this.timers = timers;
        this.connectTimeout = connectTimeout;
        this.commands = new WaitingRequests<>(vm, "commands", most, clock);
        this.connections = new WaitingRequests<>(vm, "connections", most, clock);
    }

    void run(VmRequest.Run run, Standing standing, ActorRef<VmInstance.Command> instance) {
        admit(run, standing, commands, passable -> begin(passable, instance));
    }

    void connect(VmRequest.Forward asked, Standing standing, ActorRef<VmInstance.Command> instance) {
        VmRequest.Forward bounded = asked.patience().isPresent()
                ? asked
                : new VmRequest.Forward(asked.ticket(), Optional.of(connectTimeout));
        admit(bounded, standing, connections, passable -> begin(passable, instance));
    }

    private <R extends VmRequest.Delayable> void admit(
            R request, Standing standing, WaitingRequests<R> waiting, Consumer<R> begin) {
        switch (standing) {
            case READY -> begin.accept(request);
            case COMING -> {
                if (waiting.add(request)) {
                    request.patience()
                            .ifPresent(
                                    most -> timers.startSingleTimer(request, new VmSupervisor.Waited(request), most));
                }
            }
            case ENDING -> request.fail(new VmLostException("VM " + vm + " is being stopped: " + request.undone()));
            case ENDED -> request.fail(new VmLostException("VM " + vm + " has ended: " + request.undone()));
        }
    }

    private void begin(VmRequest.Run run, ActorRef<VmInstance.Command> instance) {
        timers.cancel(run);
        pass(run, new InstanceRequest.Run(run.ticket()), instance);
    }

    private void begin(VmRequest.Forward forward, ActorRef<VmInstance.Command> instance) {
        timers.cancel(forward);
        if (!forward.ticket().isOver()) {
            pass(forward, new InstanceRequest.Forward(forward.ticket()), instance);
        }
    }

    /** Passes a request on to an incarnation, which refuses it itself if it is not ready. */
    void pass(VmRequest request, VmInstance.Command message, ActorRef<VmInstance.Command> instance) {
        unanswered.add(request);
        instance.tell(message);
    }

    /** An incarnation is ready for what waits. */
    void passOn(ActorRef<VmInstance.Command> instance) {
        commands.passOn(run -> begin(run, instance));
        connections.passOn(forward -> begin(forward, instance));
    }

    /** The patience of a caller has ended. */
    void late(VmRequest.Delayable request) {
        commands.expire(request);
        connections.expire(request);
    }

    /** The incarnation is gone, and with it what it had not taken up yet. */
    void lost(Throwable reason) {
        unanswered.fail(reason);
    }

    /** The VM has ended. */
    void end(Throwable reason) {
        commands.fail(reason);
        connections.fail(reason);
        unanswered.fail(reason);
    }
}
