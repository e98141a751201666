package vmette.control;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.stream.BoundedSourceQueue;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand.Exit;
import vmette.errors.Reasons;
import vmette.errors.VmetteException;
import vmette.errors.VsockException;

/**
 * A command whose client is at the other end of a connection. The client's frames are read here, on the session's thread; what goes to it is written by another one, within
 * the credit that it grants. Whatever ends the connection before the command has ended ends the command.
 */
final class ExecSession {
    private static final int STDIN = 0;
    private static final int STDOUT = 1;
    private static final int STDERR = 2;
    private static final int LAST_SIGNAL = 64;
    private static final int LARGEST = 65_535;

    private final ControlConnection connection;
    private final ClassicActorSystemProvider system;
    private final Credit[] credits = {new Credit(), new Credit(), new Credit()};
    private final UniqueKillSwitch[] outputs = new UniqueKillSwitch[3];
    private final Pace pace;
    private final Patience lastWords;
    private Runnable taken = () -> {};
    private boolean over;
    // What the client may still send; the guest's pace gives more.
    private long input = Credit.WINDOW;

    ExecSession(ControlConnection connection, ClassicActorSystemProvider system, Bounds bounds) {
        this.pace = bounds.pace().get();
        this.lastWords = bounds.lastWords();
        this.connection = connection;
        this.system = system;
    }

    /**
     * Until the command and the connection have ended; throws before there is a command only.
     *
     * @param told is run when the client has said what the command is
     */
    void run(Function<ExecSpec, ControlledCommand> begin, Runnable told) throws IOException {
        ExecSpec spec = CommandWords.read(this::words);
        told.run();
        ControlledCommand command = begin.apply(spec);
        Outgoing out = new Outgoing(connection);
        BoundedSourceQueue<ByteString> stdin = null;
        try {
            stdin = open(spec, command, out);
            while (true) {
                take(connection.read(), command, stdin);
            }
        } catch (IOException over) {
            // It has ended, and so have we; or the client has left, or talks nonsense.
            connection.close();
        } catch (RuntimeException e) {
            // As streams do that begin while the runtime ends.
            command.terminate();
            awaitTaking();
            out.finish(Refusals.of(e));
            awaitClose();
        } finally {
            // A guest may never say how the command ended.
            out.end();
            over();
            command.terminate();
            for (int stream = STDOUT; stream <= STDERR; stream++) {
                credits[stream].close();
                if (outputs[stream] != null) {
                    outputs[stream].shutdown();
                }
            }
            if (stdin != null) {
                BoundedSourceQueue<ByteString> left = stdin;
                unlessOver(() -> left.fail(new IOException("the client has left")));
            }
        }
    }

    /** Lets its streams go; the answer is its standard input, if it has one. */
    private BoundedSourceQueue<ByteString> open(ExecSpec spec, ControlledCommand command, Outgoing out) {
        CompletionStage<Done> taken = pump(STDOUT, command.stdout(), ControlFrame.Data::new, out);
        if (spec.stderr()) {
            taken = taken.thenCombine(pump(STDERR, command.stderr(), ControlFrame.Errors::new, out), (a, b) -> b);
        }
        BoundedSourceQueue<ByteString> stdin = spec.stdin() ? feed(command, out) : null;
        command.started()
                .thenAccept(pid -> out.send(new ControlFrame.Answer(List.of("started", Integer.toString(pid)))));
        // A client that has left, or wants no more, breaks them too, and is told nothing.
        CompletionStage<Optional<VmetteException>> all = taken.handle((done, failure) -> broken(failure));
        command.exit().thenCombine(all, ExecSession::unlessBroken).whenComplete((exit, failure) -> {
            awaitTaking();
            if (failure == null) {
                out.send(told(exit));
                out.finish(new ControlFrame.Succeeded());
            } else {
                out.finish(Refusals.of(failure));
            }
        });
        return stdin;
    }

    private static Optional<VmetteException> broken(Throwable failure) {
        return failure != null && Reasons.unwrapped(failure) instanceof VmetteException known
                ? Optional.of(new VsockException(
                        "what the command wrote broke off: " + known.getMessage() + "; some of it is lost", known))
                : Optional.empty();
    }

    private static Exit unlessBroken(Exit exit, Optional<VmetteException> broken) {
        if (broken.isPresent()) {
            throw broken.get();
        }
        return exit;
    }

    /** Whoever writes closes it after the last word, and the client may do so before. */
    private void awaitClose() {
        try {
            while (true) {
                connection.read();
            }
        } catch (IOException closed) {
            // As wished.
        }
    }

    private synchronized void awaitTaking() {
        if (!over) {
            taken = lastWords.begin(connection);
        }
    }

    private synchronized void over() {
        over = true;
        taken.run();
    }

    /** A queue that has ended, by its command's or its client's doing, refuses to be ended by an exception. */
    private static void unlessOver(Runnable ending) {
        try {
            ending.run();
        } catch (IllegalStateException over) {
            // What was to come about has.
        }
    }

    private List<String> words() throws IOException {
        if (connection.read() instanceof ControlFrame.Answer answer) {
            return answer.words();
        }
        throw new IOException("a control connection that tells no command");
    }

    private static ControlFrame told(Exit exit) {
        return new ControlFrame.Answer(List.of(
                "exited",
                exit.signalled() ? "SIGNALLED" : "EXITED",
                Integer.toString(exit.value()),
                Boolean.toString(exit.oomKilled())));
    }

    private CompletionStage<Done> pump(
            int stream, Source<ByteString, ?> output, Function<byte[], ControlFrame> frame, Outgoing out) {
        var running = output.viaMat(KillSwitches.single(), Keep.right())
                .mapConcat(ExecSession::chunks)
                .mapAsync(
                        1,
                        chunk -> credits[stream].take(Credit.cost(chunk.size())).thenApply(done -> chunk))
                .toMat(Sink.foreach(chunk -> out.send(frame.apply(chunk.toArray()))), Keep.both())
                .run(system);
        outputs[stream] = running.first();
        return running.second();
    }

    private static List<ByteString> chunks(ByteString bytes) {
        if (bytes.size() <= Credit.CHUNK) {
            return List.of(bytes);
        }
        List<ByteString> chunks = new ArrayList<>();
        for (ByteString left = bytes; left.nonEmpty(); left = left.drop(Credit.CHUNK)) {
            chunks.add(left.take(Credit.CHUNK));
        }
        return chunks;
    }

    /** Each frame costs {@link Credit#OVERHEAD} and more, so that this many are never on their way. */
    private BoundedSourceQueue<ByteString> feed(ControlledCommand command, Outgoing out) {
        return Source.<ByteString>queue(Credit.WINDOW / Credit.OVERHEAD + 1)
                .map(bytes -> {
                    int cost = Credit.cost(bytes.size());
                    allow(cost);
                    out.send(new ControlFrame.Grant(STDIN, cost));
                    return bytes;
                })
                .to(command.stdin())
                .run(system);
    }

    private synchronized void allow(int cost) {
        input += cost;
    }

    private synchronized void spend(int cost) throws IOException {
        input -= cost;
        if (input < 0) {
            throw new IOException("a control connection that sends more than it may");
        }
    }

    private void take(ControlFrame frame, ControlledCommand command, BoundedSourceQueue<ByteString> stdin)
            throws IOException {
        if (frame instanceof ControlFrame.Grant grant && grant.stream() != STDIN) {
            credits[grant.stream()].grant(grant.bytes());
        } else if (frame instanceof ControlFrame.Data data && stdin != null) {
            spend(Credit.cost(data.bytes().length));
            // One that has been closed by the command takes it for nothing.
            stdin.offer(ByteString.fromArrayUnsafe(data.bytes()));
        } else if (frame instanceof ControlFrame.End && stdin != null) {
            unlessOver(stdin::complete);
        } else if (frame instanceof ControlFrame.Answer answer) {
            tell(answer.words(), command);
        } else {
            throw new IOException("a control connection that sends what no command takes");
        }
    }

    private void tell(List<String> words, ControlledCommand command) throws IOException {
        // They cost no credit, and each goes to the agent.
        pace.take();
        switch (CommandWords.word(words, 0)) {
            case "signal" -> command.signal(signal(words), false);
            case "signal-group" -> command.signal(signal(words), true);
            case "resize" -> command.resize(size(words, 1), size(words, 2));
            case "closed" -> closed(CommandWords.number(words, 1));
            default -> throw new IOException("a control connection that tells a command what it does not know");
        }
    }

    private void closed(int stream) throws IOException {
        if (stream < STDOUT || stream > STDERR || outputs[stream] == null) {
            throw new IOException("a control connection that closes what is not open");
        }
        outputs[stream].shutdown();
    }

    private static GuestSignal signal(List<String> words) throws IOException {
        int number = CommandWords.number(words, 1);
        if (number < 1 || number > LAST_SIGNAL) {
            throw new IOException("a control connection that sends a signal that there is not");
        }
        return new GuestSignal(number);
    }

    private static int size(List<String> words, int index) throws IOException {
        int size = CommandWords.number(words, index);
        if (size < 0 || size > LARGEST) {
            throw new IOException("a control connection with a terminal of no size");
        }
        return size;
    }
}
