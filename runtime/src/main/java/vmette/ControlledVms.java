package vmette;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand;
import vmette.control.ControlledRuntime;
import vmette.control.ControlledVm;
import vmette.control.EventFacts;
import vmette.control.EventTail;
import vmette.control.Facts;
import vmette.events.VmState;
import vmette.events.VmStatus;
import vmette.files.GuestFiles;
import vmette.recovery.Decision;

/** A runtime, its VMs and their commands as the control socket has them. */
final class ControlledVms implements ControlledRuntime {
    /** Of names whose VMs have ended, before they are looked through. */
    private static final int SLACK = 200;

    private final Vmette vmette;
    private final EventTail tail = new EventTail();
    private final ConcurrentMap<String, Long> memory = new ConcurrentHashMap<>();
    private final AtomicInteger slack = new AtomicInteger();
    private volatile int kept;

    ControlledVms(Vmette vmette) {
        this.vmette = vmette;
    }

    /** Adds what happened; quick. */
    void add(VmEvent event) {
        tail.add(EventFacts.of(event));
    }

    void close() {
        tail.close();
    }

    @Override
    public ClassicActorSystemProvider system() {
        return vmette.system();
    }

    @Override
    public EventTail events() {
        return tail;
    }

    @Override
    public List<Facts> vms() {
        return vmette.vms().stream()
                .filter(status -> memory.containsKey(status.name()))
                .map(this::told)
                .toList();
    }

    private Facts told(VmStatus status) {
        Optional<String> givenUp = givenUp(status);
        return Facts.of(
                "name",
                status.name(),
                "state",
                givenUp.isPresent()
                        ? "given-up"
                        : status.state().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                "incarnation",
                status.incarnation(),
                "since",
                status.since(),
                "ready",
                status.state() == VmState.READY ? status.lastReady() : Optional.empty(),
                "recoveries",
                status.recoveries(),
                "memory-mib",
                memory.get(status.name()),
                "failure",
                status.lastFailure().map(VmFailure::word),
                "reason",
                givenUp,
                "ports",
                vmette.find(status.name()).map(VmHandle::published).map(ControlledVms::ports));
    }

    /** Why nothing follows the end of a VM that should run. One that powered itself off is judged by its fleet, if it has one. */
    private static Optional<String> givenUp(VmStatus status) {
        return status.lastFailure()
                .filter(failure -> status.state().isOver() && !(failure.cause() instanceof VmFailure.PoweredOff))
                .flatMap(VmFailure::next)
                .filter(Decision.GiveUp.class::isInstance)
                .map(Decision::text);
    }

    /** As {@code --publish} takes them, with the host's ports that are open. */
    private static String ports(List<PortForward> open) {
        return open.stream()
                .map(port -> port.hostPort() + ":" + port.guestPort())
                .collect(Collectors.joining(" "));
    }

    /** Lets clients have a VM until it ends. */
    CompletionStage<Done> publish(VmHandle vm, LazyControl control, CompletionStage<?> system) {
        return control.work(system, server -> {
            Vm known = of(vm);
            server.publish(vm.name(), known);
            vm.ended()
                    .thenAccept(end -> known.withdrawnBy(control.work(system, same -> {
                        same.withdraw(vm.name(), known);
                        return Done.getInstance();
                    })));
            return Done.getInstance();
        });
    }

    /** A VM that others may find by its name. */
    Vm of(VmHandle vm) {
        if (slack.incrementAndGet() > SLACK + kept) {
            slack.set(0);
            memory.keySet().retainAll(vmette.vms().stream().map(VmStatus::name).collect(Collectors.toSet()));
            kept = memory.size();
        }
        memory.put(vm.name(), vm.spec().memoryMib());
        return new Vm(vm);
    }

    /** One of them. */
    static final class Vm implements ControlledVm {
        private final VmHandle vm;
        private final CompletableFuture<Done> withdrawn = new CompletableFuture<>();

        Vm(VmHandle vm) {
            this.vm = vm;
        }

        /** It has ended; its name is free when this completes, however it does. */
        void withdrawnBy(CompletionStage<Done> work) {
            work.whenComplete((done, failure) -> withdrawn.complete(Done.getInstance()));
        }

        @Override
        public boolean isOver() {
            return vm.hasEnded();
        }

        @Override
        public GuestFiles files() {
            return vm.files();
        }

        @Override
        public ControlledCommand exec(ExecSpec spec) {
            return new Command(vm.exec(spec));
        }

        @Override
        public Source<ByteString, ?> log(int lines, boolean follow) {
            return follow ? vm.log().follow(lines) : vm.log().last(lines);
        }

        @Override
        public CompletionStage<Facts> stop() {
            return vm.stop()
                    .thenCombine(withdrawn, (end, free) -> end)
                    .thenApply(end -> Facts.of(
                            "how", end.how().word(), "failure", end.failure().map(VmFailure::line)));
        }

        @Override
        public CompletionStage<Facts> restart() {
            return vm.restart().thenApply(ready -> Facts.of("incarnation", vm.incarnation()));
        }
    }

    /** A command as clients have it. */
    record Command(Execution execution) implements ControlledCommand {
        @Override
        public CompletionStage<Integer> started() {
            return execution.started();
        }

        @Override
        public Sink<ByteString, CompletionStage<Done>> stdin() {
            return execution.stdin();
        }

        @Override
        public Source<ByteString, ?> stdout() {
            return execution.stdout();
        }

        @Override
        public Source<ByteString, ?> stderr() {
            return execution.stderr();
        }

        @Override
        public CompletionStage<Exit> exit() {
            return execution
                    .status()
                    .thenApply(status ->
                            new Exit(status.kind() == ExitStatus.Kind.SIGNALLED, status.value(), status.oomKilled()));
        }

        @Override
        public void signal(GuestSignal signal, boolean group) {
            if (group) {
                execution.signalGroup(signal);
            } else {
                execution.signal(signal);
            }
        }

        @Override
        public void resize(int rows, int columns) {
            execution.resize(rows, columns);
        }

        @Override
        public void terminate() {
            execution.terminate();
        }
    }
}
