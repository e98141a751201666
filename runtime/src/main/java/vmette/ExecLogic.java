package vmette;

import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.stage.AbstractInHandler;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.TimerGraphStageLogic;
import akka.util.ByteString;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmSavedException;

/**
 * The life of one command inside a stream. Its three streams are substreams of this stage, so that everything here runs in one actor;
 * its start and its end enter by async callbacks.
 */
final class ExecLogic extends TimerGraphStageLogic {
    /** While more than this waits for the command nothing is pulled. */
    static final int STDIN_BOUND = 256 * 1024;

    private static final String UNEXPLAINED = "unexplained";

    private final Inlet<ExecInput> in;
    private final Outlet<ExecEvent> out;
    private final DrivenCommand command;
    private final Duration explanation;
    private final Stdin stdin;
    private final Output stdout;
    private final Output stderr;

    private Optional<ExecEvent> started = Optional.empty();
    private boolean running;
    /** The command is being ended, nobody wants more of it. */
    private boolean ending;
    /** Of the two outputs the one whose turn it is. */
    private Output turn;

    private ExitStatus status;
    private Throwable cutOff;
    /** No more business with the command: its end is known. */
    private boolean settled;

    ExecLogic(FlowShape<ExecInput, ExecEvent> shape, DrivenCommand command, Duration explanation) {
        super(shape);
        this.in = shape.in();
        this.out = shape.out();
        this.command = command;
        this.explanation = explanation;
        this.stdin = new Stdin();
        this.stdout = new Output("Exec.stdout", ExecEvent.Stdout::new);
        this.stderr = new Output("Exec.stderr", ExecEvent.Stderr::new);
        this.turn = stdout;
        setHandler(in, new FromClient());
        setHandler(out, new ToClient());
    }

    @Override
    public void preStart() {
        whenSettled(command.started(), this::onStarted);
        whenSettled(command.status(), this::onStatus);
        stdin.open(command.stdin());
        stdout.open(command.stdout());
        stderr.open(command.stderr());
        command.begin();
    }

    /** Told in the stage; a failure of either is the command's. */
    private <T> void whenSettled(CompletionStage<T> stage, Consumer<T> then) {
        AsyncCallback<Runnable> callback = createAsyncCallback(Runnable::run);
        stage.whenComplete((value, failure) ->
                callback.invoke(failure == null ? () -> then.accept(value) : () -> onLost(Reasons.unwrapped(failure))));
    }

    private void onStarted(int pid) {
        running = true;
        started = Optional.of(new ExecEvent.Started(pid));
        pullNext();
        goOn();
    }

    private void onStatus(ExitStatus known) {
        status = known;
        settled = true;
        goOn();
    }

    private void onLost(Throwable reason) {
        settled = true;
        failStage(reason);
    }

    /** Its end, which will be told soon, explains why: the VM is gone, or this very end was asked for. */
    private void onCutOff(Throwable reason) {
        if (cutOff == null) {
            cutOff = reason;
            scheduleOnce(UNEXPLAINED, explanation);
            // A save takes its streams from a command that goes on.
            if (!(Reasons.unwrapped(reason) instanceof VmSavedException)) {
                end();
            }
        }
        goOn();
    }

    /**
     * Ends the command. Its streams stay open until then: it must not take what it has been given for all there is, nor be hindered by a
     * broken pipe in what it does at TERM.
     */
    private void end() {
        if (!ending) {
            ending = true;
            command.terminate();
            stdin.discard();
            setKeepGoing(true);
        }
    }

    /** For a reason that downstream is told at once. */
    private void end(Throwable reason) {
        end();
        if (!isClosed(in)) {
            cancel(in);
        }
        if (!isClosed(out)) {
            fail(out, reason);
        }
        goOn();
    }

    @Override
    public void onTimer(Object key) {
        failStage(cutOff);
    }

    @Override
    public void postStop() {
        if (!settled) {
            command.terminate();
        }
    }

    private void pullNext() {
        if (running && !ending && !isClosed(in) && !hasBeenPulled(in) && stdin.hasRoom()) {
            pull(in);
        }
    }

    private void goOn() {
        if (isClosed(out)) {
            stdout.drop();
            stderr.drop();
            if (settled) {
                completeStage();
            }
        } else if (cutOff != null && status != null) {
            failStage(cutOff);
        } else if (running && isAvailable(out)) {
            pushNext();
        }
    }

    private void pushNext() {
        Output other = turn == stdout ? stderr : stdout;
        if (started.isPresent()) {
            push(out, started.get());
            started = Optional.empty();
        } else if (turn.inlet.isAvailable()) {
            turn.pass();
            turn = other;
        } else if (other.inlet.isAvailable()) {
            other.pass();
        } else if (status != null && stdout.ended && stderr.ended) {
            push(out, new ExecEvent.Exited(status));
            completeStage();
        }
    }

    private final class FromClient extends AbstractInHandler {
        @Override
        public void onPush() {
            ExecInput input = grab(in);
            if (input instanceof ExecInput.Stdin more) {
                stdin.add(more.bytes());
            } else if (input instanceof ExecInput.CloseStdin) {
                stdin.close();
            } else if (input instanceof ExecInput.Signal sent) {
                command.signal(sent.signal(), sent.group());
            } else if (input instanceof ExecInput.Resize size) {
                command.resize(size.rows(), size.columns());
            }
            pullNext();
        }

        @Override
        public void onUpstreamFinish() {
            stdin.close();
        }

        @Override
        public void onUpstreamFailure(Throwable failure) {
            end(failure);
        }
    }

    private final class ToClient extends AbstractOutHandler {
        @Override
        public void onPull() {
            goOn();
        }

        @Override
        public void onDownstreamFinish(Throwable cause) {
            end();
            if (!isClosed(in)) {
                cancel(in, cause);
            }
            goOn();
        }
    }

    /** What waits for the command's standard input. */
    private final class Stdin extends AbstractOutHandler {
        private final SubSourceOutlet<ByteString> outlet = new SubSourceOutlet<>("Exec.stdin");
        private final Deque<ByteString> waiting = new ArrayDeque<>();
        private long bytes;
        private boolean none;
        private boolean closed;
        private boolean refused;

        void open(Optional<Sink<ByteString, ?>> sink) {
            outlet.setHandler(this);
            none = sink.isEmpty();
            sink.ifPresent(target -> Source.fromGraph(outlet.source()).runWith(target, subFusingMaterializer()));
        }

        boolean hasRoom() {
            return bytes <= STDIN_BOUND;
        }

        void add(ByteString more) {
            if (none || closed) {
                end(new InvalidConfigException(
                        none
                                ? "Stdin for a command without standard input: its ExecSpec has none"
                                : "Stdin after CloseStdin"));
            } else if (!refused && !more.isEmpty()) {
                waiting.add(more);
                bytes += more.size();
                flush();
            }
        }

        void close() {
            closed = true;
            flush();
        }

        void discard() {
            waiting.clear();
            bytes = 0;
        }

        private void flush() {
            if (none || ending || outlet.isClosed()) {
                return;
            }
            if (outlet.isAvailable() && !waiting.isEmpty()) {
                ByteString next = waiting.remove();
                bytes -= next.size();
                outlet.push(next);
            }
            if (closed && waiting.isEmpty()) {
                outlet.complete();
            }
        }

        @Override
        public void onPull() {
            flush();
            pullNext();
        }

        /** The command has closed its end, or ended. */
        @Override
        public void onDownstreamFinish(Throwable cause) {
            refused = true;
            discard();
            pullNext();
        }
    }

    /** One of the command's outputs, at most a chunk ahead. */
    private final class Output extends AbstractInHandler {
        private final SubSinkInlet<ByteString> inlet;
        private final Function<ByteString, ExecEvent> event;
        private boolean ended;

        Output(String name, Function<ByteString, ExecEvent> event) {
            this.inlet = new SubSinkInlet<>(name);
            this.event = event;
        }

        void open(Optional<Source<ByteString, ?>> source) {
            inlet.setHandler(this);
            ended = source.isEmpty();
            if (source.isPresent()) {
                source.get().runWith(Sink.fromGraph(inlet.sink()), subFusingMaterializer());
                inlet.pull();
            }
        }

        void pass() {
            push(out, event.apply(inlet.grab()));
            next();
        }

        /** Nobody is there to be told it, but the command may still have to write it before it ends. */
        void drop() {
            if (inlet.isAvailable()) {
                inlet.grab();
                next();
            }
        }

        private void next() {
            if (!inlet.isClosed()) {
                inlet.pull();
            }
        }

        @Override
        public void onPush() {
            goOn();
        }

        @Override
        public void onUpstreamFinish() {
            ended = true;
            goOn();
        }

        @Override
        public void onUpstreamFailure(Throwable failure) {
            ended = true;
            onCutOff(failure);
        }
    }
}
