package vmette.control;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.files.BuiltIns;
import vmette.files.FakeBuiltIns;
import vmette.files.GuestFiles;
import vmette.stream.SystemStreams;

/** A VM whose files, commands and orders a test plays. */
final class FakeVm implements ControlledVm {
    final BlockingQueue<Command> commands = new LinkedBlockingQueue<>();
    final CompletableFuture<Facts> stopped = new CompletableFuture<>();
    final CompletableFuture<Facts> restarted = new CompletableFuture<>();
    final BlockingQueue<String> orders = new LinkedBlockingQueue<>();
    Source<ByteString, NotUsed> stdout = Source.empty();
    Source<ByteString, NotUsed> stderr = Source.empty();
    Source<ByteString, NotUsed> log = Source.empty();
    Sink<ByteString, CompletionStage<Done>> taker;
    private final GuestFiles files;

    FakeVm(String name, BuiltIns builtIns, ActorSystem<?> system) {
        files = new GuestFiles(name, builtIns, new SystemStreams(CompletableFuture.completedStage(system)));
    }

    static FakeVm create(ActorSystem<?> system) {
        return new FakeVm("web", new FakeBuiltIns(Source.empty(), ""), system);
    }

    @Override
    public boolean isOver() {
        return stopped.isDone();
    }

    @Override
    public Source<ByteString, ?> log(int lines, boolean follow) {
        orders.add("log " + lines + " " + follow);
        return log;
    }

    @Override
    public GuestFiles files() {
        return files;
    }

    @Override
    public Command exec(ExecSpec spec) {
        Command command = new Command(spec);
        commands.add(command);
        return command;
    }

    @Override
    public CompletionStage<Facts> stop() {
        orders.add("stop");
        return stopped;
    }

    @Override
    public CompletionStage<Facts> restart() {
        orders.add("restart");
        return restarted;
    }

    /** One of its commands. */
    final class Command implements ControlledCommand {
        final ExecSpec spec;
        final CompletableFuture<Integer> started = new CompletableFuture<>();
        final CompletableFuture<Exit> exit = new CompletableFuture<>();
        final CompletableFuture<Void> terminated = new CompletableFuture<>();
        final CompletableFuture<Done> stdoutEnd = new CompletableFuture<>();
        final BlockingQueue<String> told = new LinkedBlockingQueue<>();
        final BlockingQueue<ByteString> input = new LinkedBlockingQueue<>();
        final CompletableFuture<Done> inputEnd = new CompletableFuture<>();

        Command(ExecSpec spec) {
            this.spec = spec;
        }

        @Override
        public CompletionStage<Integer> started() {
            return started;
        }

        @Override
        public Sink<ByteString, CompletionStage<Done>> stdin() {
            if (taker != null) {
                return taker;
            }
            return Flow.<ByteString>create()
                    .toMat(Sink.<ByteString>foreach(input::add), Keep.right())
                    .mapMaterializedValue(done -> done.whenComplete((ok, failure) -> {
                        if (failure == null) {
                            inputEnd.complete(ok);
                        } else {
                            inputEnd.completeExceptionally(failure);
                        }
                    }));
        }

        @Override
        public Source<ByteString, ?> stdout() {
            return stdout.watchTermination((none, done) -> {
                done.whenComplete((ok, failure) -> stdoutEnd.complete(Done.getInstance()));
                return none;
            });
        }

        @Override
        public Source<ByteString, ?> stderr() {
            return stderr;
        }

        @Override
        public CompletionStage<Exit> exit() {
            return exit;
        }

        @Override
        public void signal(GuestSignal signal, boolean group) {
            told.add((group ? "group " : "") + signal.name());
        }

        @Override
        public void resize(int rows, int columns) {
            told.add(rows + "x" + columns);
        }

        @Override
        public void terminate() {
            terminated.complete(null);
        }
    }
}
