package vmette.machine;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrameDecoder;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.ProtocolException;
import vmette.guest.protocol.RootMode;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.WindowSize;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** A control connection to a guest's agent, a frame at a time, with nothing around it. */
final class RawAgent implements VsockChannelHandler {
    private static final long DEADLINE_SECONDS = 240;
    private static final long REDIAL_MILLIS = 50;
    private static final int CHUNK = 64 << 10;

    private final AgentFrameDecoder decoder = new AgentFrameDecoder();
    private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    private volatile VsockChannel channel;
    private long executions;

    private RawAgent(long firstExecution) {
        executions = firstExecution;
    }

    /**
     * Dials until the agent greets.
     *
     * @param firstExecution above which no id is in use
     */
    static RawAgent greet(VsockHost vsock, long firstExecution) throws InterruptedException {
        long begun = System.nanoTime();
        for (; ; ) {
            RawAgent agent = new RawAgent(firstExecution);
            vsock.connect(GuestProtocol.PORT, Duration.ofSeconds(DEADLINE_SECONDS), agent);
            if (agent.next() instanceof VsockChannel) {
                agent.say(new HostFrame.Hello(GuestProtocol.VERSION));
                agent.hear(AgentFrame.Hello.class);
                return agent;
            }
            if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)) {
                throw new AssertionError("the agent does not answer");
            }
            Thread.sleep(REDIAL_MILLIS);
        }
    }

    void boot() throws InterruptedException {
        boot(List.of());
    }

    /** @param before what the guest is told before it boots, as {@link GuestSetup#frames} */
    void boot(List<HostFrame> before) throws InterruptedException {
        before.forEach(this::say);
        say(new HostFrame.Boot(RootMode.INITRAMFS, "", List.of()));
        hear(AgentFrame.Ready.class);
    }

    /** Runs a command line to its end, what it leaves running excepted. */
    int sh(String commandLine) throws InterruptedException {
        long execution = ++executions;
        say(new HostFrame.Exec(
                execution,
                EnumSet.of(ExecFlag.LEAVE_GROUP),
                StreamSetup.none(),
                StreamSetup.none(),
                StreamSetup.none(),
                Duration.ZERO,
                Duration.ZERO,
                WindowSize.UNKNOWN,
                "/",
                List.of("/bin/sh", "-c", commandLine),
                List.of()));
        hear(AgentFrame.Started.class);
        return hear(AgentFrame.Exited.class).value();
    }

    /** Waits for a frame of this kind; others are passed over. */
    private <T extends AgentFrame> T hear(Class<T> kind) throws InterruptedException {
        for (Object next = next(); ; next = next()) {
            if (kind.isInstance(next)) {
                return kind.cast(next);
            }
            if (next instanceof AgentFrame.Error || next instanceof String) {
                throw new AssertionError("instead of " + kind.getSimpleName() + ": " + next);
            }
        }
    }

    /** Waits until the connection has been reset. */
    void awaitReset() throws InterruptedException {
        for (Object next = next(); !(next instanceof String); next = next()) {
            // What was said before.
        }
    }

    private Object next() throws InterruptedException {
        Object next = heard.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("the agent says nothing");
        }
        return next;
    }

    private void say(HostFrame frame) {
        byte[] bytes = HostFrames.encode(frame);
        channel.write(bytes, 0, bytes.length);
    }

    @Override
    public void onOpen(VsockChannel open) {
        channel = open;
        byte[] opening = Openings.control();
        open.write(opening, 0, opening.length);
        open.request(CHUNK);
        heard.add(open);
    }

    @Override
    public void onData(byte[] chunk) {
        try {
            heard.addAll(decoder.decode(chunk, 0, chunk.length));
            channel.request(CHUNK);
        } catch (ProtocolException e) {
            heard.add("broken: " + e.getMessage());
        }
    }

    @Override
    public void onWritable() {}

    @Override
    public void onEnd() {
        heard.add("ended");
    }

    @Override
    public void onOutputRefused() {}

    @Override
    public void onClosed() {
        heard.add("closed");
    }

    @Override
    public void onReset(VsockException cause) {
        heard.add("reset: " + cause.getMessage());
    }
}
