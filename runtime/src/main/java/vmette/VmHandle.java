package vmette;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import vmette.actors.CommandTicket;
import vmette.actors.DetachedTicket;
import vmette.actors.ForwardTicket;
import vmette.actors.Ticket;
import vmette.actors.Unanswered;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmReady;
import vmette.actors.VmRegistry;
import vmette.actors.VmRequest;
import vmette.actors.VmSupervisor;
import vmette.actors.VmTicket;
import vmette.config.ExecSpec;
import vmette.config.PublishedPort;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.events.VmEvents;
import vmette.files.GuestFiles;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.StreamId;
import vmette.log.VmLog;
import vmette.machine.Machine;
import vmette.machine.SaveReport;
import vmette.stream.GuestTcp;
import vmette.stream.SystemStreams;
import vmette.stream.Vsock;

/** One VM. Thread-safe. */
public final class VmHandle {
    /** Of one restored VM. */
    private static final int ID_BITS = 32;

    private final VmTicket ticket;
    private final Vsock vsock;
    private final GuestTcp tcp;
    private final PortForwards forwards;
    private final VmEvents events;
    private final AtomicLong lastForward = new AtomicLong();
    private final AtomicLong lastExecution;
    private final SystemStreams system;
    // The registry may stop with a request in its mailbox.
    private final Unanswered unanswered = new Unanswered();
    // Each message follows the one before it: the dependents of one stage would run in no set order.
    private CompletionStage<ActorRef<VmRegistry.Command>> told;

    VmHandle(
            VmTicket ticket,
            RuntimeSettings settings,
            CompletionStage<ActorRef<VmRegistry.Command>> registry,
            SystemStreams system,
            VmEvents events,
            boolean restored) {
        this.ticket = ticket;
        // What runs in the guest already has ids of another VM.
        this.lastExecution =
                new AtomicLong(restored ? (1L + ThreadLocalRandom.current().nextInt(1 << 20)) << ID_BITS : 0);
        this.events = events;
        this.vsock = new Vsock(
                ticket.vsock(), settings.vsock().backlog(), settings.vsock().connectTimeout());
        this.tcp = new GuestTcp(ticket.vsock(), settings.vsock().connectTimeout(), this::connecting);
        this.forwards = new PortForwards(ticket, tcp, settings.forward(), system);
        this.told = registry;
        this.system = system;
        ticket.onEnd(() -> {
            unanswered.fail(gone());
            events.over(name());
        });
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

    /** The number of its present incarnation, from 1: each recovery and each restart begins another. 0 before the first. */
    public long incarnation() {
        return ticket.incarnation().get();
    }

    /** Completes, never exceptionally, when the VM has ended and nothing of it is left. */
    public CompletionStage<VmEnd> ended() {
        return ticket.ended();
    }

    /**
     * What happens to it, from the stream's materialisation on; its last is {@link VmEvent.Ended}. Of a VM that has ended, or was not
     * launched, it completes at once. As {@link Vmette#events} otherwise.
     */
    public Source<VmEvent, NotUsed> events() {
        return events.of(name(), this::hasEnded);
    }

    /** Whether it has. */
    boolean hasEnded() {
        return ticket.ending().isDone();
    }

    /** Runs {@code /bin/sh -c commandLine} once the VM is ready. */
    public Execution exec(String commandLine) {
        return exec(ExecSpec.shell(commandLine));
    }

    /** Runs a command once the VM is ready; never blocks, never throws: what goes wrong is in the execution's status. */
    public Execution exec(ExecSpec spec) {
        return run(CommandTicket.create(lastExecution.incrementAndGet(), spec));
    }

    /**
     * As {@link #exec(ExecSpec)}, for a caller that does not wait for ever: a VM that comes up, or is being recovered, and is not ready in time never
     * runs the command, and its status fails with {@link vmette.errors.OperationTimeoutException}. How long the command runs is not bounded.
     *
     * @param patience above 0, at most 248 days
     */
    public Execution exec(ExecSpec spec, Duration patience) {
        CommandTicket command = CommandTicket.create(lastExecution.incrementAndGet(), spec);
        begin(command, Optional.of(patience));
        return new Execution(command, vsock, system.onceUp());
    }

    /** As {@link #exec(ExecSpec)}, for a caller that will take each output: the status waits for them however late he comes to ask. */
    Execution execToRead(ExecSpec spec) {
        CommandTicket command = CommandTicket.create(lastExecution.incrementAndGet(), spec);
        command.want(StreamId.STDOUT);
        command.want(StreamId.STDERR);
        return run(command);
    }

    /** Runs a built-in of the agent; else as {@link #exec(ExecSpec)}. */
    Execution builtIn(ExecSpec spec) {
        return run(CommandTicket.builtIn(lastExecution.incrementAndGet(), spec));
    }

    private Execution run(CommandTicket command) {
        begin(command, Optional.empty());
        return new Execution(command, vsock, system.onceUp());
    }

    private void begin(CommandTicket command, Optional<Duration> patience) {
        if (command.spec().replay().isPresent()) {
            command.fail(new InvalidConfigException(
                    command.description() + " is detached: start() is for such, exec() for any other"));
        } else {
            askToRun(command, patience);
        }
    }

    private void askToRun(Ticket command, Optional<Duration> patience) {
        try {
            ask(new VmRequest.Run(command, patience));
        } catch (InvalidConfigException e) {
            command.fail(e);
        }
    }

    /** As {@link #execFlow(ExecSpec)} for {@code /bin/sh -c commandLine}. */
    public Flow<ExecInput, ExecEvent, Execution> execFlow(String commandLine) {
        return execFlow(ExecSpec.shell(commandLine));
    }

    /**
     * A command as one stream: what goes in is in {@link ExecInput}, what comes out in {@link ExecEvent}. Each materialisation runs a command of its
     * own, once the VM is ready.
     *
     * <p><b>Out.</b> {@link ExecEvent.Started} first; the bytes of each output in their order; {@link ExecEvent.Exited} last, after all of them, and
     * then the stream completes. What happens instead is the stream's failure, a {@code VmetteException}: the command could not be started, its VM
     * was lost, an output was cut off. Exactly one of these ends it. The order across the two outputs is not kept;
     * {@link ExecSpec#mergingOutputs()} keeps it. Without demand both outputs stay in the guest, where the command is stopped by its full pipes;
     * nothing is lost, and at most a chunk of each (256 KiB) waits on this side beside what {@code vmette.vsock.buf-alloc} allows.
     *
     * <p><b>In.</b> Nothing is pulled before the command runs. Completion is {@link ExecInput.CloseStdin}. Signals and sizes are
     * passed on at once, ahead of standard input that still waits. While more than 256 KiB of it wait here, and about 1 MiB before the guest, nothing
     * is pulled, so that a signal behind them waits as well: the materialised {@link Execution#signal} and {@link Execution#resize} always get
     * through.
     * Bytes for a command that has closed its standard input are dropped; bytes after {@code CloseStdin}, or for a command without
     * standard input, fail the stream.
     *
     * <p><b>Early ends.</b> When downstream cancels or upstream fails, or the materializer is shut down, the command is ended as
     * {@link Execution#terminate} does it: TERM to its process group, KILL after the kill grace. A failure of upstream is the stream's as well.
     *
     * <p>The materialised {@link Execution} is the command's; its three streams are taken by the flow.
     */
    public Flow<ExecInput, ExecEvent, Execution> execFlow(ExecSpec spec) {
        return Flow.fromGraph(new ExecStage<>(() -> {
                    CommandTicket command = CommandTicket.create(lastExecution.incrementAndGet(), spec);
                    Execution execution = new Execution(command, vsock, system.onceUp());
                    return new DrivenExecution(execution, () -> begin(command, Optional.empty()));
                }))
                .mapMaterializedValue(DrivenExecution::execution);
    }

    /** The guest's files. */
    public GuestFiles files() {
        return new GuestFiles(name(), new BuiltInCommands(this), system);
    }

    /**
     * Starts a detached command once the VM is ready: it goes on, and its outputs are kept in the guest, whoever is attached to
     * them. Never blocks, never throws: what goes wrong is in its status.
     *
     * @param spec {@link ExecSpec#detached}
     */
    public DetachedExecution start(ExecSpec spec) {
        return start(spec, Optional.empty());
    }

    /**
     * As {@link #start(ExecSpec)}, with a bound for the wait as {@link #exec(ExecSpec, Duration)} has it.
     *
     * @param patience above 0, at most 248 days
     */
    public DetachedExecution start(ExecSpec spec, Duration patience) {
        return start(spec, Optional.of(patience));
    }

    private DetachedExecution start(ExecSpec spec, Optional<Duration> patience) {
        DetachedTicket command = DetachedTicket.create(lastExecution.incrementAndGet(), spec);
        if (spec.replay().isEmpty()) {
            command.fail(new InvalidConfigException("the command " + spec.arguments()
                    + " is not detached: start() is for ExecSpec.detached(...), exec() for any other"));
        } else {
            askToRun(command, patience);
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
        ask(new VmRequest.Find(id, reply));
        return reply.thenApply(found -> new DetachedExecution(found, vsock));
    }

    /** What the VM's service writes; empty for one that runs nothing by itself. */
    public VmLog log() {
        return ticket.log().log();
    }

    /** Streams over the VM's vsock. */
    public Vsock vsock() {
        return vsock;
    }

    /**
     * A TCP connection to a program in the guest that listens on its loopback address, or on all; works without a network. One asked for
     * before the VM is ready waits for it within {@code vmette.forward.connect-timeout}. An end of the bytes in either direction leaves the
     * other one open; a failure of either side is a reset for the other.
     *
     * @param guestPort 1 to 65535
     * @return a connection of its own at each materialisation, whose value completes when the connection stands in the guest; that and the
     *     stream fail with {@link vmette.errors.GuestConnectException} where nobody listens
     * @throws InvalidConfigException for a port that there cannot be
     */
    public Flow<ByteString, ByteString, CompletionStage<Done>> connectTcp(int guestPort) {
        return tcp.connect(guestPort);
    }

    /**
     * Has a TCP port of the host's loopback address (127.0.0.1) lead to one of the guest's, until it is closed or the VM ends; it stays open across
     * recoveries. At most {@code vmette.forward.max-connections} are open at a time, one beyond waits. A client of a guest port where nobody listens is
     * reset.
     *
     * @param hostPort 1 to 65535, or 0: any that is free
     * @param guestPort 1 to 65535
     * @return completes when the port is open; fails with a {@code VmetteException}, for instance if it is taken
     * @throws InvalidConfigException for a port that there cannot be
     */
    public CompletionStage<PortForward> forward(int hostPort, int guestPort) {
        return forwards.open(new PublishedPort(hostPort, guestPort));
    }

    /**
     * As {@link #forward}, as a stream of connections, each to be run within it as it is or with stages in between. Demand bounds how many are accepted.
     * Cancelling closes the port.
     */
    public Source<PortForward.Connection, CompletionStage<PortForward>> forwardSource(int hostPort, int guestPort) {
        return forwards.source(new PublishedPort(hostPort, guestPort));
    }

    /** The open ports of {@link VmSpec#publish}, in its order; all are there when the VM is ready. */
    public List<PortForward> published() {
        return forwards.published();
    }

    /** Opens what the specification publishes. */
    CompletionStage<List<PortForward>> publish() {
        return forwards.publish(ticket.spec().publish());
    }

    private ForwardTicket connecting(int guestPort) {
        ForwardTicket connection = ForwardTicket.create(lastForward.incrementAndGet(), guestPort);
        ask(new VmRequest.Forward(connection));
        return connection;
    }

    /** The host port told to the guest as {@code VMETTE_VSOCK_PORT}; see {@link VmSpec#vsockPort()}. */
    public Optional<Integer> vsockPort() {
        return ticket.guestPort();
    }

    /**
     * A sign of life from the agent, of a VM that runs: unlike a command it waits for no recovery, but it wakes a VM that is passive.
     *
     * @return the guest's uptime; fails with {@link VmLostException} if the VM is not ready, as between a failure and the recovery from it, or ends first, and with another
     *     {@code VmetteException} if no answer comes within 30 s
     */
    public CompletionStage<Duration> ping() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        ask(new VmRequest.Ping(reply));
        return reply.thenApply(AgentFrame.Pong::uptime);
    }

    /**
     * Powers the guest off, or quits its monitor if it does not, and boots it again, whatever {@code vmette.recovery.mode} is; a recovery that waits is
     * begun at once. Commands and connections end with the former incarnation; what is bound and forwarded stays. This is not counted among the
     * recoveries.
     *
     * @return completes when the next incarnation is ready; fails with a {@code VmetteException} if the VM ends instead
     */
    public CompletionStage<VmReady> restart() {
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        ask(new VmRequest.Restart(reply));
        return reply.minimalCompletionStage();
    }

    /**
     * Saves the VM, which goes on: its memory with all processes, its devices and its scratch disk, at one instant. One with a disk or a share cannot be saved. Its guest stands still while its memory is copied, and its clock is
     * set right afterwards.
     *
     * <p>All its connections are reset with {@link vmette.errors.VmSavedException}; what is bound and forwarded stays. Commands go on as detached ones: the status of each fails
     * with {@link vmette.errors.CommandDetachedException}, whose id {@link #attach} takes, here and in what is restored from the snapshot.
     *
     * @param snapshot its name in {@code vmette.snapshot.dir}, 1 to 64 of {@code A-Z a-z 0-9 . _ -}, or the absolute path of a directory to be made
     * @return completes when the snapshot is on disk and the VM is ready again; fails with {@link vmette.errors.SaveFailedException}, and the VM goes on, with {@link
     *     vmette.errors.SnapshotUnsupportedException} where there are no snapshots, and with {@link VmLostException} if the VM is not ready or ends meanwhile
     */
    public CompletionStage<SaveReport> snapshot(String snapshot) {
        return save(snapshot, false);
    }

    /** As {@link #snapshot}, but the VM ends with it, and nothing that happens after the instant of the snapshot is lost. */
    public CompletionStage<SaveReport> snapshotAndStop(String snapshot) {
        return save(snapshot, true).thenCompose(report -> ended().thenApply(end -> report));
    }

    /** As {@link #snapshot}, for one that only its report names; see {@link vmette.machine.MachineFactory#discard}. */
    CompletionStage<SaveReport> snapshotUnnamed() {
        return save(Machine.UNNAMED, false);
    }

    private CompletionStage<SaveReport> save(String snapshot, boolean thenEnd) {
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        ask(new VmRequest.Save(snapshot, thenEnd, reply));
        return reply.minimalCompletionStage();
    }

    /** Powers the guest off, or quits its monitor if it does not. Idempotent. */
    public CompletionStage<VmEnd> stop() {
        // After the runtime's end there is nobody to tell.
        if (!ticket.ending().isDone()) {
            tell(new VmSupervisor.Stop());
        }
        return ended();
    }

    /** Asked here, because after the runtime's end there is nobody else to ask. */
    private VmLostException gone() {
        return new VmLostException("VM " + name() + " has ended");
    }

    VmTicket ticket() {
        return ticket;
    }

    /** Whatever becomes of the registry and of the VM, it is answered. */
    private void ask(VmRequest request) {
        if (ticket.ending().isDone()) {
            request.fail(gone());
            return;
        }
        unanswered.add(request);
        tell(request);
        if (ticket.ending().isDone()) {
            unanswered.fail(gone());
        }
    }

    void tell(VmSupervisor.Command message) {
        tellRegistry(new VmRegistry.Tell(ticket, message));
    }

    synchronized void tellRegistry(VmRegistry.Command message) {
        told = told.thenApply(actor -> {
            actor.tell(message);
            return actor;
        });
    }
}
