package vmette.testkit;

import akka.util.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** A script that runs. The kit's thread's; what it waits for calls {@link #goOn}. */
final class Program {
    static final int SIGPIPE = 13;

    private static final int FAILED = 70;

    /** Where it runs. */
    interface Home {
        TestVm vm();

        FakeVsock vsock();

        GuestDisk disk();

        /** After so long, unless its guest hangs then. */
        Runnable later(Duration delay, Runnable task);

        /** It has ended; signal 0: by exit. */
        void ended(int status, int signal);
    }

    private final Home home;
    private final GuestInput in;
    private final GuestOutput out;
    private final GuestOutput err;
    private final Deque<Step> steps;
    private ByteArrayOutputStream read = new ByteArrayOutputStream(0);
    private long printed;
    private Runnable untimed = () -> {};
    private boolean waiting;
    private boolean working;
    private boolean over;

    Program(Script script, Home home, GuestInput in, GuestOutput out, GuestOutput err) {
        this.home = home;
        this.in = in;
        this.out = out;
        this.err = err;
        this.steps = new ArrayDeque<>(script.steps());
    }

    /** Does what can be done now. */
    void goOn() {
        if (working || waiting || over) {
            return;
        }
        working = true;
        try {
            while (!over && !waiting && !isStuck() && perform()) {
                // The next step.
            }
        } catch (RuntimeException e) {
            err.write(("the script failed: " + e + "\n").getBytes(StandardCharsets.UTF_8));
            end(FAILED, 0);
        } finally {
            working = false;
        }
    }

    private boolean isStuck() {
        return !out.hasRoom() || !err.hasRoom();
    }

    /** Whether there is more to be done at once. */
    private boolean perform() {
        Step step = steps.peek();
        if (step == null) {
            end(0, 0);
        } else if (step instanceof Step.Print print) {
            steps.remove();
            write(print.error() ? err : out, print.bytes().toArrayUnsafe());
        } else if (step instanceof Step.PrintEach each) {
            printEach(each);
        } else if (step instanceof Step.Pause pause) {
            steps.remove();
            await(pause.duration());
        } else if (step instanceof Step.Copy) {
            return copy();
        } else if (step instanceof Step.Answer answer) {
            return answer(answer);
        } else if (step instanceof Step.Read reading) {
            return readAll(reading);
        } else if (step instanceof Step.Send send) {
            steps.remove();
            send(send);
        } else if (step instanceof Step.Save save) {
            steps.remove();
            home.disk().write(save.path(), save.bytes());
        } else if (step instanceof Step.Act act) {
            steps.remove();
            act.action().accept(home.vm());
        } else if (step instanceof Step.End end) {
            end(end.status(), end.signal());
        } else {
            return false;
        }
        return true;
    }

    private void printEach(Step.PrintEach each) {
        if (printed < each.count()) {
            write(out, each.made().apply(printed++).getBytes(StandardCharsets.UTF_8));
        } else {
            steps.remove();
            printed = 0;
        }
    }

    private void await(Duration duration) {
        waiting = true;
        untimed = home.later(duration, this::resume);
    }

    private void resume() {
        waiting = false;
        goOn();
    }

    private boolean copy() {
        byte[] next = in.take();
        if (next != null) {
            write(out, next);
            return true;
        }
        return passedAtEnd();
    }

    private boolean passedAtEnd() {
        if (in.isAtEnd()) {
            steps.remove();
            return true;
        }
        return false;
    }

    private boolean answer(Step.Answer answer) {
        byte[] next = in.take();
        if (next != null) {
            for (byte one : next) {
                if (one == '\n') {
                    answerLine(answer);
                } else {
                    read.write(one);
                }
            }
            return true;
        }
        if (in.isAtEnd() && read.size() > 0) {
            answerLine(answer);
        }
        return passedAtEnd();
    }

    private void answerLine(Step.Answer answer) {
        String line = taken().utf8String();
        write(out, (answer.answers().apply(line) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private ByteString taken() {
        ByteString all = ByteString.fromArray(read.toByteArray());
        read = new ByteArrayOutputStream(0);
        return all;
    }

    private boolean readAll(Step.Read reading) {
        byte[] next = in.take();
        if (next != null) {
            read.writeBytes(next);
            return true;
        }
        if (!in.isAtEnd()) {
            return false;
        }
        steps.remove();
        Script then = reading.then().apply(taken());
        for (int i = then.steps().size() - 1; i >= 0; i--) {
            steps.addFirst(then.steps().get(i));
        }
        return true;
    }

    private void send(Step.Send send) {
        waiting = true;
        home.vsock().dialHost(send.port(), connection -> {
            if (over) {
                if (connection != null) {
                    connection.breakOff("its program in the guest has ended");
                }
            } else if (connection == null) {
                err.write(("vsock-send: nobody takes connections on port " + send.port() + " of the host\n")
                        .getBytes(StandardCharsets.UTF_8));
                end(1, 0);
            } else {
                Sending sending = new Sending(connection);
                connection.use(sending);
                connection.send(send.bytes().toArrayUnsafe());
                connection.end();
                sending.readable();
            }
        });
    }

    /** Waits for the end of what the host answers, which nobody reads. */
    private final class Sending implements FakeConnection.Peer {
        private final FakeConnection connection;
        private boolean done;

        Sending(FakeConnection connection) {
            this.connection = connection;
        }

        @Override
        public void readable() {
            while (connection.take() != null) {
                // Dropped.
            }
            if (connection.hostEnded() && !done) {
                done = true;
                resume();
            }
        }

        @Override
        public void gone() {
            if (!done) {
                done = true;
                err.write("vsock-send: the connection was reset\n".getBytes(StandardCharsets.UTF_8));
                end(1, 0);
            }
        }
    }

    private void write(GuestOutput to, byte[] bytes) {
        if (to.isBroken()) {
            end(0, SIGPIPE);
        } else {
            to.write(bytes);
        }
    }

    /** Ends it from outside. */
    void kill(int signal) {
        end(0, signal);
    }

    private void end(int status, int signal) {
        if (!over) {
            over = true;
            untimed.run();
            steps.clear();
            home.ended(status, signal);
        }
    }

    boolean isOver() {
        return over;
    }

    /** It is gone with its VM or connection, and nobody is told. */
    void vanish() {
        over = true;
        untimed.run();
        steps.clear();
    }
}
