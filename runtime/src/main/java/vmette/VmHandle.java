package vmette;

import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import vmette.actors.CommandTicket;
import vmette.actors.DetachedTicket;
import vmette.actors.VmEnd;
import vmette.actors.VmReady;
import vmette.actors.VmRegistry;
import vmette.actors.VmSupervisor;
import vmette.actors.VmTicket;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.stream.Vsock;

/** One VM. Thread-safe. */
public final class VmHandle {
    private final VmTicket ticket;
    private final Vsock vsock;
    private final AtomicLong lastExecution = new AtomicLong();
    // Each message follows the one before it: the dependents of one stage would run in no set order.
    private CompletionStage<ActorRef<VmRegistry.Command>> told;

    VmHandle(VmTicket ticket, Vsock vsock, CompletionStage<ActorRef<VmRegistry.Command>> registry) {
        this.ticket = ticket;
        this.vsock = vsock;
        this.told = registry;
    }

    /** Unique among the runtime's living VMs. */
    public String name() {
        return ticket.name();
    }

    /** What was asked for. */
    public VmSpec spec() {
        return ticket.spec();
    }

    /** Completes when the guest's agent first answers; fails with a {@code VmetteException}. */
    public CompletionStage<VmReady> ready() {
        return ticket.ready();
    }

    /** Completes, never exceptionally, when the VM has ended and nothing of it is left. */
    public CompletionStage<VmEnd> ended() {
        return ticket.ended();
    }

    /** Runs {@code /bin/sh -c commandLine} once the VM is ready. */
    public Execution exec(String commandLine) {
        return exec(ExecSpec.shell(commandLine));
    }

    /** Runs a command once the VM is ready; never blocks, never throws: what goes wrong is in the execution's status. */
    public Execution exec(ExecSpec spec) {
        CommandTicket command = CommandTicket.create(lastExecution.incrementAndGet(), spec);
        if (spec.replay().isPresent()) {
            command.fail(new InvalidConfigException(
                    "the command " + spec.arguments() + " is detached: start() is for such, exec() for any other"));
        } else if (ticket.ending().isDone()) {
            command.fail(gone());
        } else {
            tell(new VmSupervisor.Run(command));
        }
        return new Execution(command, vsock);
    }

    /**
     * Starts a detached command once the VM is ready: it goes on, and its outputs are kept in the guest, whoever is attached to
     * them. Never blocks, never throws: what goes wrong is in its status.
     *
     * @param spec {@link ExecSpec#detached}
     */
    public DetachedExecution start(ExecSpec spec) {
        DetachedTicket command = DetachedTicket.create(lastExecution.incrementAndGet(), spec);
        if (spec.replay().isEmpty()) {
            command.fail(new InvalidConfigException("the command " + spec.arguments()
                    + " is not detached: start() is for ExecSpec.detached(...), exec() for any other"));
        } else if (ticket.ending().isDone()) {
            command.fail(gone());
        } else {
            tell(new VmSupervisor.Run(command));
        }
        return new DetachedExecution(command, vsock);
    }

    /**
     * Finds a detached command again.
     *
     * @param id its {@link DetachedExecution#id()}
     * @return fails with {@link vmette.errors.AttachException} if the VM has none of that id, or it was released, and with
     *     {@link VmLostException} if it is not running
     */
    public CompletionStage<DetachedExecution> attach(long id) {
        CompletableFuture<DetachedTicket> reply = new CompletableFuture<>();
        if (ticket.ending().isDone()) {
            reply.completeExceptionally(gone());
        } else {
            tell(new VmSupervisor.Find(id, reply));
        }
        return reply.thenApply(found -> new DetachedExecution(found, vsock));
    }

    /** Streams over the VM's vsock. */
    public Vsock vsock() {
        return vsock;
    }

    /** The host port told to the guest as {@code VMETTE_VSOCK_PORT}; see {@link VmSpec#vsockPort()}. */
    public Optional<Integer> vsockPort() {
        return ticket.guestPort();
    }

    /**
     * A sign of life from the agent.
     *
     * @return the guest's uptime; fails with a {@code VmetteException} if the VM ends first or no answer comes within 30 s
     */
    public CompletionStage<Duration> ping() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        if (ticket.ending().isDone()) {
            reply.completeExceptionally(gone());
        } else {
            tell(new VmSupervisor.Ping(reply));
        }
        return reply.thenApply(AgentFrame.Pong::uptime);
    }

    /** Powers the guest off, or quits its monitor if it does not. Idempotent. */
    public CompletionStage<VmEnd> stop() {
        tell(new VmSupervisor.Stop());
        return ended();
    }

    /** Asked here, because after the runtime's end there is nobody else to ask. */
    private VmLostException gone() {
        return new VmLostException("VM " + name() + " has ended");
    }

    private void tell(VmSupervisor.Command message) {
        tellRegistry(new VmRegistry.Tell(ticket, message));
    }

    synchronized void tellRegistry(VmRegistry.Command message) {
        told = told.thenApply(actor -> {
            actor.tell(message);
            return actor;
        });
    }
}
