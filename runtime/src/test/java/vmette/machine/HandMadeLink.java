package vmette.machine;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrameDecoder;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** One connection to a guest's agent, with all that has come over it; a test waits for what it needs. */
final class HandMadeLink implements VsockChannelHandler {
    private static final long DEADLINE_SECONDS = 240;
    private static final Duration DIAL = Duration.ofSeconds(DEADLINE_SECONDS);

    private final byte[] opening;
    private final CompletableFuture<VsockChannel> opened = new CompletableFuture<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final AgentFrameDecoder decoder = new AgentFrameDecoder();
    private int decoded;
    private String end = "";

    private HandMadeLink(byte[] opening) {
        this.opening = opening;
    }

    static HandMadeLink dial(VsockHost host, byte[] opening) throws Exception {
        while (true) {
            HandMadeLink link = new HandMadeLink(opening);
            host.connect(GuestProtocol.PORT, DIAL, link);
            try {
                link.opened.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
                return link;
            } catch (java.util.concurrent.ExecutionException e) {
                // Nobody listens yet: the device was there before the agent.
                Thread.onSpinWait();
            }
        }
    }

    void say(HostFrame... frames) {
        for (HostFrame frame : frames) {
            send(HostFrames.encode(frame));
        }
    }

    void send(byte[] bytes) {
        opened.join().write(bytes, 0, bytes.length);
    }

    void reset() {
        opened.join().reset();
    }

    /** The agent's frames up to the first of this type, which is the last of them. */
    synchronized List<AgentFrame> hear(Class<? extends AgentFrame> last) throws Exception {
        List<AgentFrame> heard = new ArrayList<>();
        while (heard.isEmpty() || !last.isInstance(heard.get(heard.size() - 1))) {
            byte[] all = awaitMoreThan(decoded);
            // A byte at a time, so that what follows the frame stays for the next call.
            heard.addAll(decoder.decode(all, decoded++, 1));
        }
        return heard;
    }

    /** All bytes, as soon as there are more than so many. */
    synchronized byte[] awaitMoreThan(int count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (received.size() <= count) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0 || !end.isEmpty()) {
                throw new AssertionError("only " + received.size() + " bytes came" + end);
            }
            wait(left);
        }
        return received.toByteArray();
    }

    /** Why it ended. */
    synchronized String awaitEnd() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (end.isEmpty()) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("the connection is still there");
            }
            wait(left);
        }
        return end;
    }

    synchronized byte[] received() {
        return received.toByteArray();
    }

    private synchronized void ended(String how) {
        end = end.isEmpty() ? ", then " + how : end;
        notifyAll();
    }

    @Override
    public void onOpen(VsockChannel channel) {
        channel.write(opening, 0, opening.length);
        channel.request(65536);
        opened.complete(channel);
    }

    @Override
    public synchronized void onData(byte[] chunk) {
        received.writeBytes(chunk);
        notifyAll();
        opened.join().request(65536);
    }

    @Override
    public void onWritable() {
        // Everything that a test says fits into the queue.
    }

    @Override
    public void onEnd() {
        ended("an end");
        opened.join().shutdownOutput();
    }

    @Override
    public void onOutputRefused() {
        // An end or a reset follows.
    }

    @Override
    public void onClosed() {
        ended("an end");
    }

    @Override
    public void onReset(VsockException cause) {
        opened.completeExceptionally(cause);
        ended(cause.getMessage());
    }
}
