package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.guest.protocol.RootMode;
import vmette.machine.Machine;
import vmette.vmm.GuestText;

/**
 * The session with one incarnation's agent, over one link after another: dials it, agrees on the protocol's version, has it boot or renews its guest, and finds out what its words mean for
 * the incarnation. The incarnation's own; not for several threads.
 */
final class AgentSession {
    /** Between two dials of an agent that does not listen yet. */
    private static final Duration REDIAL = Duration.ofMillis(20);

    /** What the incarnation hands back to {@link #on}. */
    sealed interface Told extends VmInstance.Command {}

    /** The agent may listen by now. */
    record Dial() implements Told {}

    private record LinkEvent(AgentLink from, AgentLink.Event event) implements Told, DeadLetterSuppression {}

    /** What the incarnation has to act upon. */
    sealed interface News {}

    /** The guest has booted. */
    record Booted(AgentFrame.Ready ready) implements News {}

    /** A guest that stood still is renewed. */
    record Renewed(AgentFrame.Ready ready, VmRenewal renewal) implements News {}

    /** The guest has let go of its vsock device, and gets it back: for a save that is under way, or late for one that was given up. */
    record Unplugged() implements News {}

    /** This ends the incarnation, unless there is a better explanation. */
    record Suspected(VmFailure.Cause cause) implements News {}

    /** This ends the incarnation. */
    record Failed(VmFailure.Cause cause) implements News {}

    private final ActorContext<VmInstance.Command> context;
    private final TimerScheduler<VmInstance.Command> timers;
    private final VmTicket vm;
    private final RuntimeSettings settings;
    private final Machine machine;
    private final GuestWork work;
    private final Watchdog watchdog;
    private final InstanceId instance;
    private AgentLink link;
    private Optional<Renewal> renewal = Optional.empty();
    private boolean versionAgreed;

    /**
     * @param work told what the agent says of it, and over which link
     * @param watchdog told that the agent says something, or does not listen
     */
    AgentSession(
            ActorContext<VmInstance.Command> context,
            TimerScheduler<VmInstance.Command> timers,
            VmTicket vm,
            RuntimeSettings settings,
            Machine machine,
            GuestWork work,
            Watchdog watchdog) {
        this.context = context;
        this.timers = timers;
        this.vm = vm;
        this.settings = settings;
        this.machine = machine;
        this.work = work;
        this.watchdog = watchdog;
        this.instance = machine.setup().frames().stream()
                .filter(HostFrame.Instance.class::isInstance)
                .map(told -> ((HostFrame.Instance) told).instance())
                .findFirst()
                .orElseGet(InstanceId::random);
    }

    /** The link that stands or is being dialled; null between two of them. */
    AgentLink link() {
        return link;
    }

    boolean hasLink() {
        return link != null;
    }

    /** The dial waits in the device until the guest's driver is up; refused, the agent is not listening yet. */
    void dial(VmInstance.Phase phase) {
        if ((phase == VmInstance.Phase.BOOTING || phase == VmInstance.Phase.SAVING) && link == null) {
            ActorRef<VmInstance.Command> self = context.getSelf();
            AgentLink[] own = new AgentLink[1];
            own[0] = new AgentLink(event -> self.tell(new LinkEvent(own[0], event)));
            link = own[0];
            work.heardOver(link);
            machine.vsock().connect(AgentLink.PORT, settings.bootDeadline(), link);
        }
    }

    /**
     * Something that it has told the incarnation.
     *
     * @return what that means for it, if anything
     */
    Optional<News> on(Told told, VmInstance.Phase phase) {
        if (told instanceof LinkEvent event) {
            return event.from() == link && phase != VmInstance.Phase.ENDING
                    ? onLink(event.event(), phase)
                    : Optional.empty();
        }
        dial(phase);
        return Optional.empty();
    }

    private Optional<News> onLink(AgentLink.Event event, VmInstance.Phase phase) {
        if (event instanceof AgentLink.Opened) {
            return onOpened(phase);
        } else if (event instanceof AgentLink.NotOpened) {
            link = null;
            timers.startSingleTimer(new Dial(), REDIAL);
        } else if (event instanceof AgentLink.Lost lost) {
            return Optional.of(onLost(lost, phase));
        } else if (event instanceof AgentLink.Said said) {
            return onFrame(said.frame(), phase);
        } else if (event instanceof AgentLink.Drained) {
            link.more();
        } else if (event instanceof AgentLink.Congested congested) {
            if (congested.before() == link.easings()) {
                watchdog.congested();
            }
        } else if (event instanceof AgentLink.Eased) {
            watchdog.eased();
        }
        return Optional.empty();
    }

    private Optional<News> onOpened(VmInstance.Phase phase) {
        // Sent together to save a turn: an agent of another version refuses and never reads BOOT.
        link.send(new HostFrame.Hello(GuestProtocol.VERSION));
        try {
            if (phase == VmInstance.Phase.SAVING || machine.setup().restored()) {
                // A guest that stood still for a save has a late clock as well.
                renewal = Optional.of(new Renewal(
                        instance, vm.name(), environment(), InstantSource.system(), System::nanoTime, link::send));
                renewal.get().ask();
            } else {
                machine.setup().frames().forEach(link::send);
                link.send(new HostFrame.Boot(RootMode.INITRAMFS, vm.name(), environment()));
            }
        } catch (InvalidConfigException e) {
            return Optional.of(new Failed(new VmFailure.NotStarted(e)));
        }
        return Optional.empty();
    }

    private List<String> environment() {
        List<String> environment = new ArrayList<>(machine.setup().defaults().environment());
        vm.spec().env().forEach((key, value) -> environment.add(key + "=" + value));
        environment.add(
                "VMETTE_VSOCK_PORT=" + vm.guestPort().map(String::valueOf).orElse(""));
        return environment;
    }

    private News onLost(AgentLink.Lost lost, VmInstance.Phase phase) {
        if (lost.by() == AgentLink.Loss.SAVE && (phase == VmInstance.Phase.SAVING || phase == VmInstance.Phase.READY)) {
            link = null;
            versionAgreed = false;
            work.unplugged();
            return new Unplugged();
        }
        return new Suspected(
                lost.by() == AgentLink.Loss.DRIVER_RESTART
                        ? new VmFailure.DeviceBroken(lost.why())
                        : new VmFailure.AgentLost(lost.why()));
    }

    private Optional<News> onFrame(AgentFrame frame, VmInstance.Phase phase) {
        watchdog.heard(frame);
        if (frame instanceof AgentFrame.Hello hello) {
            if (hello.version() != GuestProtocol.VERSION) {
                return failed(new VmFailure.BootRefused(
                        "the agent " + GuestText.printable(hello.agent()) + " speaks version " + hello.version()
                                + " of the guest protocol, this runtime version " + GuestProtocol.VERSION,
                        true));
            }
            versionAgreed = true;
        } else if (frame instanceof AgentFrame.Error error) {
            String text = "the agent refused: " + GuestText.printable(error.message());
            return failed(
                    phase == VmInstance.Phase.BOOTING
                            ? new VmFailure.BootRefused(text)
                            : new VmFailure.AgentLost(text));
        } else if (!versionAgreed) {
            return failed(new VmFailure.BootRefused(
                    "the agent's first word was not its version but " + GuestText.printable(frame.toString()), true));
        } else if (frame instanceof AgentFrame.Ready ready) {
            return renewal.isEmpty()
                    ? Optional.of(new Booted(ready))
                    : failed(new VmFailure.BootRefused("the agent says that it has booted and was restored"));
        } else if (frame instanceof AgentFrame.Restored restored) {
            return onRestored(restored, phase);
        } else {
            work.said(frame);
        }
        return Optional.empty();
    }

    private Optional<News> onRestored(AgentFrame.Restored restored, VmInstance.Phase phase) {
        if (renewal.filter(asked -> asked.answers(restored)).isEmpty()) {
            return failed(new VmFailure.BootRefused("the agent says that it was restored and was not asked to"));
        }
        if (phase == VmInstance.Phase.BOOTING || phase == VmInstance.Phase.SAVING) {
            Optional<VmRenewal> renewed = renewal.get().onRestored(restored);
            if (renewed.isPresent()) {
                // Said once more it would be the end of a save that has only begun.
                renewal = Optional.empty();
                return Optional.of(new Renewed(restored.ready(), renewed.get()));
            }
        }
        return Optional.empty();
    }

    private static Optional<News> failed(VmFailure.Cause cause) {
        return Optional.of(new Failed(cause));
    }
}
