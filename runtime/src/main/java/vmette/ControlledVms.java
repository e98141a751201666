package vmette;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import vmette.actors.VmEnd;
import vmette.actors.VmFailure;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand;
import vmette.control.ControlledRuntime;
import vmette.control.ControlledVm;
import vmette.control.Facts;
import vmette.files.GuestFiles;

/** A runtime, its VMs and their commands as the control socket has them. */
final class ControlledVms implements ControlledRuntime {
    private final Vmette vmette;

    ControlledVms(Vmette vmette) {
        this.vmette = vmette;
    }

    @Override
    public ClassicActorSystemProvider system() {
        return vmette.system();
    }

    @Override
    public List<Facts> vms() {
        return List.of();
    }

    static ControlledVm of(VmHandle vm) {
        return new ControlledVm() {
            @Override
            public GuestFiles files() {
                return vm.files();
            }

            @Override
            public ControlledCommand exec(ExecSpec spec) {
                return new Command(vm.exec(spec));
            }

            @Override
            public CompletionStage<Facts> stop() {
                return vm.stop().thenApply(ControlledVms::told);
            }

            @Override
            public CompletionStage<Facts> restart() {
                return java.util.concurrent.CompletableFuture.<vmette.actors.VmReady>completedStage(null)
                        .thenApply(ready -> Facts.of(
                                "kernel",
                                ready.kernel(),
                                "boot-ms",
                                ready.bootTime().toMillis()));
            }
        };
    }

    static Facts told(VmEnd end) {
        return Facts.of(
                "how",
                end.how().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                "failure",
                end.failure().map(VmFailure::line));
    }

    private record Command(Execution execution) implements ControlledCommand {
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
                    .thenApply(status -> new Exit(
                            status.kind() == ExitStatus.Kind.SIGNALLED, status.value(), status.oomKilled()));
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
