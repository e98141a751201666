package vmette.testkit;

import java.time.Duration;

/** A connection to a port of the guest that a script serves. The kit's thread's. */
final class ServedConnection implements Program.Home, FakeConnection.Peer {
    private final FakeMachine machine;
    private final FakeConnection connection;
    private final GuestOutput out;
    private final Program program;

    private ServedConnection(FakeMachine machine, FakeConnection connection, Script script) {
        this.machine = machine;
        this.connection = connection;
        GuestInput in = new GuestInput(true);
        in.bind(connection);
        this.out = new GuestOutput(true, this::changed);
        this.program = new Program(script, this, in, out, new GuestOutput(false, () -> {}));
    }

    static void serve(FakeMachine machine, FakeConnection connection, Script script) {
        ServedConnection served = new ServedConnection(machine, connection, script);
        connection.use(served);
        served.out.bind(connection);
    }

    private void changed() {
        if (program != null) {
            program.goOn();
        }
    }

    @Override
    public void readable() {
        if (program.isOver()) {
            while (connection.take() != null) {
                // Nobody reads it any more.
            }
        } else {
            program.goOn();
        }
    }

    @Override
    public void writable() {
        out.writable();
    }

    @Override
    public void refused() {
        out.breakOff();
    }

    @Override
    public void gone() {
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
        if (status != 0 || signal != 0) {
            connection.breakOff("the guest's program has reset it");
        } else {
            out.end();
            readable();
        }
    }
}
