package vmette.actors;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import vmette.errors.VmSavedException;
import vmette.errors.VsockDriverRestartedException;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrameDecoder;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.ProtocolException;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/**
 * The control connection to one guest's agent. Frames go out from any thread; what comes in is told to {@code events}
 * on the device loop's thread.
 */
final class AgentLink implements VsockChannelHandler {
    static final int PORT = GuestProtocol.PORT;

    private static final int CHUNK = 64 * 1024;

    /** What happens on the link. */
    sealed interface Event {}

    /** The agent's port answered. */
    record Opened() implements Event {}

    /** The agent says something. */
    record Said(AgentFrame frame) implements Event {}

    /** What a chunk held has been said: the next one comes after {@link AgentLink#more}. */
    record Drained() implements Event {}

    /** Nobody listened, or the dial timed out: the link never stood. */
    record NotOpened(String why) implements Event {}

    /**
     * More waits for the agent than it should ever leave unread.
     *
     * @param before {@link AgentLink#easings} at that time
     */
    record Congested(long before) implements Event {}

    /** The agent has read on. */
    record Eased() implements Event {}

    /** The link stood and is gone, or what came over it broke the protocol. Last event. */
    record Lost(Loss by, String why) implements Event {}

    /** By what a link is lost. */
    enum Loss {
        /** The agent closed it, or broke the protocol. */
        AGENT,
        /** The VM is being saved: the agent is well, and can be dialled again. */
        SAVE,
        /** The guest restarted its vsock driver. */
        DRIVER_RESTART,
        /** A reset for any other reason. */
        RESET;

        private static Loss of(VsockException reset) {
            if (reset instanceof VmSavedException) {
                return SAVE;
            }
            return reset instanceof VsockDriverRestartedException ? DRIVER_RESTART : RESET;
        }
    }

    private final Consumer<Event> events;
    private final AgentFrameDecoder decoder = new AgentFrameDecoder();
    private volatile VsockChannel channel;
    private final AtomicLong easings = new AtomicLong();
    private boolean broken;

    AgentLink(Consumer<Event> events) {
        this.events = events;
    }

    /** Sends a frame; without effect before the link stands and after it is gone. */
    void send(HostFrame frame) {
        VsockChannel open = channel;
        if (open != null) {
            byte[] bytes = HostFrames.encode(frame);
            long before = easings.get();
            if (!open.write(bytes, 0, bytes.length)) {
                events.accept(new Congested(before));
            }
        }
    }

    /** How often a congestion has passed: the word of one may come after the word of its end. */
    long easings() {
        return easings.get();
    }

    /** Asks for the next chunk, so that a guest cannot talk faster than it is listened to. */
    void more() {
        channel.request(CHUNK);
    }

    @Override
    public void onOpen(VsockChannel open) {
        channel = open;
        byte[] opening = Openings.control();
        open.write(opening, 0, opening.length);
        open.request(CHUNK);
        events.accept(new Opened());
    }

    @Override
    public void onData(byte[] chunk) {
        if (broken) {
            return;
        }
        try {
            for (AgentFrame frame : decoder.decode(chunk, 0, chunk.length)) {
                events.accept(new Said(frame));
            }
            events.accept(new Drained());
        } catch (ProtocolException e) {
            e.before().forEach(frame -> events.accept(new Said(frame)));
            broken = true;
            channel.reset();
            events.accept(new Lost(Loss.AGENT, "the agent broke the protocol: " + e.getMessage()));
        }
    }

    @Override
    public void onWritable() {
        easings.incrementAndGet();
        events.accept(new Eased());
    }

    @Override
    public void onEnd() {
        broken = true;
        channel.reset();
        events.accept(new Lost(Loss.AGENT, "the agent closed its control connection"));
    }

    @Override
    public void onOutputRefused() {
        // The end of what the agent sends follows, or a reset.
    }

    @Override
    public void onClosed() {
        if (!broken) {
            events.accept(new Lost(Loss.AGENT, "the agent closed its control connection"));
        }
    }

    @Override
    public void onReset(VsockException cause) {
        if (channel == null) {
            events.accept(new NotOpened(cause.getMessage()));
        } else if (!broken) {
            events.accept(new Lost(Loss.of(cause), cause.getMessage()));
        }
    }
}
