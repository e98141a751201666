package vmette;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletionStage;
import vmette.config.ExecSpec;
import vmette.files.BuiltIns;

/** A VM's executions as its files see them. */
record BuiltInCommands(VmHandle vm) implements BuiltIns {
    @Override
    public BuiltIn run(ExecSpec spec) {
        return new Running(vm.builtIn(spec));
    }

    private record Running(Execution execution) implements BuiltIn {
        @Override
        public Sink<ByteString, CompletionStage<Done>> stdin() {
            return execution.stdin();
        }

        @Override
        public Source<ByteString, NotUsed> stdout() {
            return execution.stdout();
        }

        @Override
        public Source<ByteString, NotUsed> stderr() {
            return execution.stderr();
        }

        @Override
        public CompletionStage<Outcome> outcome() {
            return execution
                    .status()
                    .thenApply(status -> new Outcome(status.kind() == ExitStatus.Kind.EXITED, status.value()));
        }

        @Override
        public void end() {
            execution.signal(SIGTERM);
        }
    }

    private static final int SIGTERM = 15;
}
