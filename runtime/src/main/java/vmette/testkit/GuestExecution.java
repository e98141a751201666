package vmette.testkit;

import java.time.Duration;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamMode;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.Token;

/** One command that follows a script, as the agent keeps it. The kit's thread's. */
final class GuestExecution implements Program.Home {
    private static final int FIRST_PID = 100;
    // Signals that a program does not live through unless it says so, which no script can.
    private static final long DEADLY = bits(1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    private final FakeGuest guest;
    private final FakeMachine machine;
    private final HostFrame.Exec exec;
    private final Program program;
    private final GuestInput in;
    private final GuestOutput out;
    private final GuestOutput err;
    private Token inToken;
    private Token outToken;
    private Token errToken;

    GuestExecution(FakeGuest guest, FakeMachine machine, HostFrame.Exec exec, Script script) {
        this.guest = guest;
        this.machine = machine;
        this.exec = exec;
        this.inToken = exec.stdin().token();
        this.outToken = exec.stdout().token();
        this.errToken = exec.stderr().token();
        this.in = new GuestInput(isConnected(exec.stdin()));
        this.out = new GuestOutput(isConnected(exec.stdout()), this::changed);
        boolean one = exec.flags().contains(ExecFlag.MERGE) || exec.flags().contains(ExecFlag.PTY);
        this.err = one ? out : new GuestOutput(isConnected(exec.stderr()), this::changed);
        this.program = new Program(script, this, in, out, err);
    }

    private static long bits(int... signals) {
        long bits = 0;
        for (int signal : signals) {
            bits |= 1L << signal;
        }
        return bits;
    }

    private static boolean isConnected(StreamSetup setup) {
        return setup.mode() == StreamMode.CONNECTION;
    }

    void start() {
        guest.say(new AgentFrame.Started(exec.execution(), FIRST_PID + (int) (exec.execution() & 0xffff)));
        program.goOn();
    }

    private void changed() {
        // By the constructor too, before there is a program.
        if (program != null) {
            program.goOn();
            forgetWhenDone();
        }
    }

    void signal(int signal) {
        if ((DEADLY & 1L << signal) != 0) {
            program.kill(signal);
        }
    }

    void discard(StreamId stream) {
        switch (stream) {
            case STDIN -> {
                in.drop();
                program.goOn();
            }
            case STDOUT -> out.drop();
            case STDERR -> err.drop();
        }
        forgetWhenDone();
    }

    /** A data connection claims one of the streams; whether it may. */
    boolean bind(int stream, Token token, FakeConnection connection) {
        if (token.equals(Token.ZERO)) {
            return false;
        }
        if (stream == StreamId.STDIN.wire() && token.equals(inToken) && in.isUnbound()) {
            inToken = Token.ZERO;
            in.bind(connection);
            connection.use(program::goOn);
            return true;
        }
        GuestOutput output = stream == StreamId.STDOUT.wire() ? out : err;
        Token expected = stream == StreamId.STDOUT.wire() ? outToken : errToken;
        if (stream == StreamId.STDIN.wire() || !token.equals(expected) || !output.isUnbound()) {
            return false;
        }
        connection.use(new Reader(connection, output));
        output.bind(connection);
        return true;
    }

    /** Who reads an output. */
    private record Reader(FakeConnection connection, GuestOutput output) implements FakeConnection.Peer {
        @Override
        public void readable() {
            while (connection.take() != null) {
                // Nothing is said on an output's connection.
            }
        }

        @Override
        public void writable() {
            output.writable();
        }

        @Override
        public void refused() {
            output.breakOff();
        }

        @Override
        public void gone() {
            output.breakOff();
        }
    }

    private void forgetWhenDone() {
        if (program.isOver() && out.isOver() && err.isOver()) {
            guest.forget(exec.execution());
        }
    }

    /** With its VM. */
    void vanish() {
        program.vanish();
    }

    @Override
    public TestVm vm() {
        return machine.vm();
    }

    @Override
    public FakeVsock vsock() {
        return machine.vsock();
    }

    @Override
    public GuestDisk disk() {
        return machine.disk();
    }

    @Override
    public Runnable later(Duration delay, Runnable task) {
        return machine.later(delay, task);
    }

    @Override
    public void ended(int status, int signal) {
        AgentFrame.ExitKind kind = signal == 0 ? AgentFrame.ExitKind.EXITED : AgentFrame.ExitKind.SIGNALLED;
        guest.say(new AgentFrame.Exited(exec.execution(), kind, signal == 0 ? status : signal));
        in.close();
        out.end();
        err.end();
        forgetWhenDone();
    }
}
