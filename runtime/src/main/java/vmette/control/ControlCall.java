package vmette.control;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;

/** One operation asked of a runtime. Blocking; closing it from another thread ends it, and what it began. */
public final class ControlCall implements AutoCloseable {
    private static final int PIECE = 1 << 16;

    private final Runtimes.Peer peer;
    private final ControlConnection connection;
    private boolean over;

    /**
     * Asks.
     *
     * @param operation as {@code docs/control.md} has it
     * @param subject a name, or empty
     * @param words what it takes
     * @throws VmetteIoException if the runtime is gone
     */
    public ControlCall(Runtimes.Peer peer, String operation, String subject, String... words) {
        this.peer = peer;
        try {
            this.connection = new ControlConnection(SocketChannel.open(peer.address()));
        } catch (IOException e) {
            throw gone(e);
        }
        List<String> request = new ArrayList<>(List.of(operation, subject));
        request.addAll(Arrays.asList(words));
        send(new ControlFrame.Request(request), true);
    }

    private void send(ControlFrame frame, boolean first) {
        try {
            if (first) {
                connection.open();
            }
            connection.write(frame);
        } catch (IOException e) {
            // It has perhaps said why, which is thrown then.
            all();
            throw gone(e);
        }
    }

    private VmetteException gone(IOException e) {
        return new VmLostException("the runtime of process " + peer.pid() + " has ended, or does not answer", e);
    }

    /** Sends a text to its end. */
    public void content(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; at += PIECE) {
            send(new ControlFrame.Data(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + PIECE))), false);
        }
        send(new ControlFrame.End(), false);
    }

    /** Says something in the course of it. */
    public void say(String... words) {
        send(new ControlFrame.Answer(List.of(words)), false);
    }

    /**
     * What it tells next; empty: it has succeeded.
     *
     * @throws VmetteException if it has failed
     */
    public Optional<Facts> next() {
        if (over) {
            return Optional.empty();
        }
        try {
            ControlFrame frame = connection.read();
            if (frame instanceof ControlFrame.Answer answer) {
                return Optional.of(Facts.of(answer.words()));
            }
            over = true;
            if (frame instanceof ControlFrame.Failed failed) {
                throw Refusals.toException(failed);
            }
            if (!(frame instanceof ControlFrame.Succeeded)) {
                throw new IOException("the runtime answers in other frames");
            }
            return Optional.empty();
        } catch (IOException e) {
            over = true;
            throw gone(e);
        }
    }

    /**
     * Takes content to its end.
     *
     * @throws VmetteException if it has failed, or the content cannot be taken, unless nobody wants it
     */
    public void bytes(OutputStream to) {
        try {
            ControlFrame frame = connection.read();
            for (; frame instanceof ControlFrame.Data data; frame = connection.read()) {
                if (!isTaken(data.bytes(), to)) {
                    return;
                }
            }
            if (frame instanceof ControlFrame.Failed failed) {
                throw Refusals.toException(failed);
            }
        } catch (IOException e) {
            throw gone(e);
        }
    }

    private static boolean isTaken(byte[] bytes, OutputStream to) {
        try {
            to.write(bytes);
            to.flush();
            return true;
        } catch (IOException e) {
            if (OutputWriter.isReaderGone(e)) {
                return false;
            }
            throw new VmetteIoException("cannot write: " + e.getMessage(), e);
        }
    }

    /** All that it tells, to its end. */
    public List<Facts> all() {
        List<Facts> all = new ArrayList<>();
        for (Optional<Facts> next = next(); next.isPresent(); next = next()) {
            all.add(next.get());
        }
        return all;
    }

    /** Ends it. */
    @Override
    public void close() {
        connection.close();
    }
}
