package vmette.testkit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrames;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrameDecoder;
import vmette.guest.protocol.ProtocolException;
import vmette.guest.protocol.Token;

/** What runs in one incarnation: an agent that speaks the guest protocol ({@code docs/guest-protocol.md}), and programs that follow scripts. The kit's thread's. */
final class FakeGuest implements FakeVsock.Ports {
    static final String KERNEL = "6.1.0-fake";

    private static final AgentFrame.Hello GREETING = new AgentFrame.Hello(GuestProtocol.VERSION, "vmette-testkit 1");
    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int ESRCH = 3;
    private static final int EIO = 5;
    private static final int EAGAIN = 11;
    private static final int EEXIST = 17;
    private static final int ENOSYS = 38;
    private static final int ECONNREFUSED = 111;

    private final FakeMachine machine;
    private final HostFrameDecoder decoder = new HostFrameDecoder();
    private Map<Long, GuestExecution> executions = Map.of();
    private Map<Long, Forwarded> forwards = Map.of();
    private List<String> environment = List.of();
    private FakeConnection control;
    private boolean greeted;
    private boolean booted;
    private long ticks;

    private record Forwarded(Token token, Script script) {}

    FakeGuest(FakeMachine machine) {
        this.machine = machine;
    }

    @Override
    public boolean accepts(int port) {
        return port == GuestProtocol.PORT || machine.vm().vsockScript(port).isPresent();
    }

    @Override
    public void accepted(int port, FakeConnection connection) {
        if (port == GuestProtocol.PORT) {
            connection.use(new AgentOpening(this, connection));
        } else {
            serve(connection, machine.vm().vsockScript(port).orElseThrow());
        }
    }

    private void serve(FakeConnection connection, Script script) {
        ServedConnection.serve(machine, connection, script);
    }

    // ---- control

    /** A connection has opened as the control connection. */
    boolean takeControl(FakeConnection connection) {
        if (control != null && !control.isOver()) {
            return false;
        }
        control = connection;
        return true;
    }

    boolean isControl(FakeConnection connection) {
        return connection == control;
    }

    void hear(byte[] bytes) {
        try {
            for (HostFrame frame : decoder.decode(bytes, 0, bytes.length)) {
                ticks++;
                hear(frame);
            }
        } catch (ProtocolException e) {
            say(new AgentFrame.Error(AgentFrame.Error.BAD_FRAME, 0, e.getMessage()));
            control.end();
        }
    }

    void say(AgentFrame frame) {
        if (control != null) {
            control.send(AgentFrames.encode(frame));
        }
    }

    /** Bytes that are no frame. */
    void babble() {
        if (control != null) {
            control.send(new byte[] {-1, -1, -1, -1, 0});
        }
    }

    private void hear(HostFrame frame) {
        if (frame instanceof HostFrame.Hello) {
            greeted = true;
            say(GREETING);
        } else if (!greeted) {
            say(new AgentFrame.Error(AgentFrame.Error.BAD_FRAME, 0, "a frame before HELLO"));
            control.end();
        } else if (frame instanceof HostFrame.Boot boot) {
            boot(boot);
        } else if (frame instanceof HostFrame.Exec exec) {
            exec(exec);
        } else if (frame instanceof HostFrame.Signal signal) {
            known(signal.execution()).ifPresent(execution -> execution.signal(signal.signal()));
        } else if (frame instanceof HostFrame.Discard discard) {
            known(discard.execution()).ifPresent(execution -> execution.discard(discard.stream()));
        } else if (frame instanceof HostFrame.Ping ping) {
            say(new AgentFrame.Pong(ping.nonce(), ticks, machine.uptime()));
        } else if (frame instanceof HostFrame.Forward forward) {
            forward(forward);
        } else if (frame instanceof HostFrame.Attach attach) {
            say(new AgentFrame.Attached(
                    attach.execution(),
                    attach.stream(),
                    attach.token(),
                    AgentFrame.AttachmentState.REFUSED,
                    ESRCH,
                    0,
                    0));
        } else if (frame instanceof HostFrame.Shutdown) {
            machine.powerOff();
        }
        // RESIZE and RELEASE have nothing to change here, nor what a root would be made of.
    }

    private void boot(HostFrame.Boot boot) {
        Optional<String> refusal = machine.refusal();
        if (refusal.isPresent()) {
            say(new AgentFrame.Error(AgentFrame.Error.BOOT_FAILED, EIO, refusal.get()));
            control.end();
            return;
        }
        environment = boot.environment();
        booted = true;
        say(new AgentFrame.Ready(machine.uptime(), machine.memoryBytes(), KERNEL));
    }

    // ---- commands

    private Optional<GuestExecution> known(long execution) {
        return Optional.ofNullable(executions.get(execution));
    }

    private void exec(HostFrame.Exec exec) {
        Optional<AgentFrame.ExecFailed> refused = refused(exec);
        if (refused.isPresent()) {
            say(refused.get());
            return;
        }
        Optional<Script> script;
        try {
            script = script(exec);
        } catch (RuntimeException e) {
            fail(exec, EIO, "the scripts' function failed: " + e);
            return;
        }
        if (script.isEmpty()) {
            return;
        }
        if (executions.isEmpty()) {
            executions = new HashMap<>(2);
        }
        GuestExecution execution = new GuestExecution(this, machine, exec, script.get());
        executions.put(exec.execution(), execution);
        execution.start();
    }

    /** What it runs; without it, it has been refused. */
    private Optional<Script> script(HostFrame.Exec exec) {
        Optional<Script> script;
        if (exec.flags().contains(ExecFlag.BUILTIN)) {
            script = machine.disk().builtIn(exec.arguments());
            if (script.isEmpty()) {
                fail(exec, ENOSYS, "guests of the test kit pack and unpack no trees: test that in a real VM");
            }
            return script;
        }
        GuestCommand command = new GuestCommand(
                machine.vm().name(),
                machine.number(),
                exec.arguments(),
                GuestCommand.environment(environment, exec.environment()),
                Optional.of(exec.directory()).filter(given -> !given.isEmpty()),
                Optional.of(exec.user()).filter(given -> !given.isEmpty()));
        script = machine.vm().script(command);
        if (script.isEmpty()) {
            fail(exec, ENOENT, "no script for " + command.line() + ": give the test kit one by onExec");
        }
        return script;
    }

    private Optional<AgentFrame.ExecFailed> refused(HostFrame.Exec exec) {
        if (!booted) {
            return failed(exec, EPERM, "the guest has not booted");
        } else if (executions.containsKey(exec.execution())) {
            return failed(exec, EEXIST, "the execution's id is in use");
        } else if (executions.size() >= GuestProtocol.MAX_EXECUTIONS) {
            return failed(exec, EAGAIN, "too many commands run already");
        } else if (exec.flags().contains(ExecFlag.DETACHED)) {
            return failed(exec, ENOSYS, "guests of the test kit run no detached commands: test that in a real VM");
        }
        return Optional.empty();
    }

    private static Optional<AgentFrame.ExecFailed> failed(HostFrame.Exec exec, int errno, String why) {
        return Optional.of(new AgentFrame.ExecFailed(exec.execution(), errno, why));
    }

    private void fail(HostFrame.Exec exec, int errno, String why) {
        say(new AgentFrame.ExecFailed(exec.execution(), errno, why.replace('\0', '?')));
    }

    void forget(long execution) {
        executions.remove(execution);
    }

    // ---- data connections

    /** A data connection shows what it is for; whether it is taken. */
    boolean takeData(FakeConnection connection, long id, int stream, Token token) {
        if (stream < 3) {
            GuestExecution execution = executions.get(id);
            return execution != null && execution.bind(stream, token, connection);
        }
        Forwarded forward = forwards.get(id);
        if (stream != 3 || forward == null || !forward.token().equals(token)) {
            return false;
        }
        forwards.remove(id);
        serve(connection, forward.script());
        return true;
    }

    private void forward(HostFrame.Forward forward) {
        if (forward.port() == 0) {
            if (!forwards.isEmpty()) {
                forwards.remove(forward.forward());
            }
            return;
        }
        Optional<Script> script = machine.vm().tcpScript(forward.port());
        if (script.isPresent()) {
            if (forwards.isEmpty()) {
                forwards = new HashMap<>(2);
            }
            forwards.put(forward.forward(), new Forwarded(forward.token(), script.get()));
        }
        say(new AgentFrame.Forwarded(forward.forward(), script.isPresent() ? 0 : ECONNREFUSED));
    }

    /** The VM has ended: no script goes on. */
    void end() {
        executions.values().forEach(GuestExecution::vanish);
    }
}
