package vmette.control;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand.Exit;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;

/**
 * A command in a VM of another process, which ends when this is closed, or when this process dies. Its outputs are written by a thread each, so that one
 * that nobody reads does not hold up the other.
 */
public final class ExecCall implements AutoCloseable {
    private final String where;
    private final ControlConnection connection;
    private final Credit input = new Credit();

    /**
     * Where its streams go.
     *
     * @param stdin what it reads; ignored if it has no standard input
     * @param stdout takes its standard output
     * @param stderr takes its standard error
     */
    public record Streams(InputStream stdin, OutputStream stdout, OutputStream stderr) {}

    /**
     * Asks for a command; {@link #run} does the rest.
     *
     * @throws VmetteIoException if the runtime is gone
     */
    public ExecCall(Runtimes.Peer peer, String vm, ExecSpec spec) {
        this(peer, "exec", vm, "VM " + vm, spec);
    }

    /**
     * Asks for a command in a VM of a pool, which is its own.
     *
     * @throws VmetteIoException if the runtime is gone
     */
    public static ExecCall inPool(Runtimes.Peer peer, String pool, ExecSpec spec) {
        return new ExecCall(peer, "run", pool, "the VM of the pool " + pool, spec);
    }

    private ExecCall(Runtimes.Peer peer, String operation, String subject, String where, ExecSpec spec) {
        this.where = where;
        try {
            connection = new ControlConnection(SocketChannel.open(peer.address()));
        } catch (IOException e) {
            throw lost(e);
        }
        try {
            connection.open();
            connection.write(new ControlFrame.Request(List.of(operation, subject)));
            for (List<String> part : CommandWords.of(spec)) {
                connection.write(new ControlFrame.Answer(part));
            }
        } catch (IOException refused) {
            // The answer says why.
        }
    }

    private VmLostException lost(IOException e) {
        return new VmLostException("the run of " + where + " ended before the command did", e);
    }

    /**
     * Passes the streams on until the command has ended.
     *
     * @param started is run when it runs
     * @throws vmette.errors.VmetteException if it could not be run, its VM was lost, or its output could not be written
     */
    public Exit run(Streams streams, Runnable started) {
        OutputWriter out = new OutputWriter("standard output", 1, streams.stdout(), connection);
        OutputWriter err = new OutputWriter("standard error", 2, streams.stderr(), connection);
        try {
            Optional<Exit> exit = Optional.empty();
            while (true) {
                ControlFrame frame = connection.read();
                if (frame instanceof ControlFrame.Data data) {
                    out.add(data.bytes());
                } else if (frame instanceof ControlFrame.Errors errors) {
                    err.add(errors.bytes());
                } else if (frame instanceof ControlFrame.Grant grant && grant.stream() == 0) {
                    input.grant(grant.bytes());
                } else if (frame instanceof ControlFrame.Answer answer) {
                    exit = answered(answer.words(), streams.stdin(), started);
                } else if (frame instanceof ControlFrame.Succeeded && exit.isPresent()) {
                    out.finish();
                    err.finish();
                    return exit.get();
                } else if (frame instanceof ControlFrame.Failed failed) {
                    out.finish();
                    err.finish();
                    throw Refusals.toException(failed);
                } else {
                    throw new IOException("the runtime answers in other frames");
                }
            }
        } catch (IOException e) {
            throw lost(e);
        } finally {
            input.close();
            out.end();
            err.end();
        }
    }

    private Optional<Exit> answered(List<String> words, InputStream stdin, Runnable started) throws IOException {
        if (words.size() == 2 && words.get(0).equals("started")) {
            started.run();
            Thread feeder = new Thread(() -> feed(stdin), "vmette-exec-input");
            feeder.setDaemon(true);
            feeder.start();
            return Optional.empty();
        }
        if (words.size() < 4 || !words.get(0).equals("exited")) {
            throw new IOException("the runtime answers in other words");
        }
        int value = CommandWords.number(words, 2);
        return Optional.of(new Exit(words.get(1).equals("SIGNALLED"), value, Boolean.parseBoolean(words.get(3))));
    }

    private void feed(InputStream stdin) {
        byte[] buffer = new byte[Credit.CHUNK];
        try {
            for (int size = stdin.read(buffer); size >= 0; size = stdin.read(buffer)) {
                input.take(Credit.cost(size)).toCompletableFuture().join();
                connection.write(new ControlFrame.Data(Arrays.copyOf(buffer, size)));
            }
            connection.write(new ControlFrame.End());
        } catch (IOException | CompletionException over) {
            // The command has ended, or its input cannot be read, which is its end.
            try {
                connection.write(new ControlFrame.End());
            } catch (IOException gone) {
                // That is told to whoever reads.
            }
        }
    }

    /**
     * Sends a signal; without effect once it has ended.
     *
     * @param group to its process group, as a terminal does
     */
    public void signal(GuestSignal signal, boolean group) {
        tell(group ? "signal-group" : "signal", Integer.toString(signal.number()));
    }

    /** Its terminal has another size. */
    public void resize(int rows, int columns) {
        tell("resize", Integer.toString(rows), Integer.toString(columns));
    }

    private void tell(String... words) {
        try {
            connection.write(new ControlFrame.Answer(List.of(words)));
        } catch (IOException over) {
            // Whoever reads learns of it.
        }
    }

    /** Ends it, if that has not happened. */
    @Override
    public void close() {
        connection.close();
    }
}
