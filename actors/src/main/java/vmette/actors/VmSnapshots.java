package vmette.actors;

import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.ExecSpec;
import vmette.config.SnapshotSpec;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.errors.VmBusyException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;
import vmette.machine.SaveReport;
import vmette.recovery.Snapshot;
import vmette.recovery.SnapshotShelf;

/** What a supervisor saves of its VM by itself, so that its recoveries have something to restore. Not for several threads, but for what its promises do. */
final class VmSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(VmSnapshots.class);

    /** A template's warm-up is a command as any, with an id that nobody else has. */
    private static final long WARM_UP = ExecutionIds.HEALTH - 1;

    /** One that could not be taken now is tried again after a part of the interval. */
    private static final int PART = 10;

    private static final Duration LEAST_PART = Duration.ofSeconds(1);

    private final VmTicket vm;
    private final SnapshotSpec spec;
    private final SnapshotShelf shelf;

    VmSnapshots(VmTicket vm, SnapshotShelf shelf) {
        this.vm = vm;
        this.spec = vm.spec().snapshots();
        this.shelf = shelf;
    }

    /** What the golden snapshot is to be called, if one is to be taken. */
    Optional<String> goldenToTake() {
        return spec.golden() ? shelf.goldenToTake() : Optional.empty();
    }

    /**
     * Warms an incarnation up and saves it, unless there is a golden snapshot from before. Completes, never exceptionally, when it goes on; without one the VM is as good as
     * ever.
     */
    CompletionStage<Void> takeGolden(String name, ActorRef<VmInstance.Command> instance) {
        return lookForGolden()
                .thenCompose(there -> there ? CompletableFuture.completedStage(null) : take(name, instance));
    }

    private CompletionStage<Boolean> lookForGolden() {
        CompletableFuture<Boolean> found = new CompletableFuture<>();
        shelf.lookForGolden(found::complete);
        return found;
    }

    private CompletionStage<Void> take(String name, ActorRef<VmInstance.Command> instance) {
        Instant at = Instant.now();
        return warmUp(instance)
                .thenCompose(warm -> {
                    CompletableFuture<SaveReport> reply = new CompletableFuture<>();
                    instance.tell(new InstanceRequest.Save(name, false, true, reply));
                    return reply;
                })
                .handle((report, failure) -> {
                    if (failure == null) {
                        shelf.tookGolden(new Snapshot(report.snapshot(), at, 0));
                        return CompletableFuture.<Void>completedStage(null);
                    }
                    // Another of its template may have been faster.
                    return lookForGolden().thenAccept(there -> {
                        if (!there) {
                            LOG.warn(
                                    "VM {} has no golden snapshot: {}",
                                    vm.name(),
                                    Reasons.unwrapped(failure).getMessage());
                        }
                    });
                })
                .thenCompose(Function.identity());
    }

    private CompletionStage<Void> warmUp(ActorRef<VmInstance.Command> instance) {
        if (spec.warmUp().isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        CommandTicket command = CommandTicket.create(
                WARM_UP,
                ExecSpec.shell(spec.warmUp().get())
                        .withoutStdin()
                        .discardStdout()
                        .discardStderr());
        instance.tell(new InstanceRequest.Run(command));
        return command.outcome().thenAccept(exited -> {
            if (exited.kind() != AgentFrame.ExitKind.EXITED || exited.value() != 0) {
                throw new SaveFailedException("its warm-up ended with " + exited.kind() + " " + exited.value(), null);
            }
        });
    }

    /** How long until the next checkpoint; zero: none is taken. */
    Duration untilNext(boolean wasTaken) {
        Duration interval = spec.checkpointInterval();
        Duration part = interval.dividedBy(PART);
        if (wasTaken || interval.compareTo(LEAST_PART) < 0) {
            return interval;
        }
        return part.compareTo(LEAST_PART) < 0 ? LEAST_PART : part;
    }

    /** Fails where it is refused: a VM that somebody uses is let alone, unless its specification says otherwise. */
    CompletionStage<SaveReport> takeCheckpoint(ActorRef<VmInstance.Command> instance) {
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        instance.tell(new InstanceRequest.Save(Machine.UNNAMED, false, spec.checkpointWhileStreamsOpen(), reply));
        return reply;
    }

    void checkpointOver(Optional<SaveReport> report, Optional<Throwable> failure) {
        report.ifPresent(taken -> shelf.tookCheckpoint(new Snapshot(taken.snapshot(), Instant.now(), 0)));
        failure.map(Reasons::unwrapped)
                .filter(why -> !(why instanceof VmBusyException))
                .ifPresent(why -> LOG.warn("no checkpoint of VM {} was taken: {}", vm.name(), why.getMessage()));
    }

    /** The VM has ended for good. */
    void end() {
        shelf.end();
    }
}
