package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.stream.Await;
import vmette.stream.FakeChannel;
import vmette.stream.FakeVsockHost;

/** The agent's end of a control connection, stepped by a test; written from docs/guest-protocol.md. */
final class FakeAgent {
    static final int HELLO = 0x01;
    static final int BOOT = 0x02;
    static final int EXEC = 0x03;
    static final int SIGNAL = 0x04;
    static final int RESIZE = 0x05;
    static final int PING = 0x06;
    static final int SHUTDOWN = 0x07;
    static final int DISCARD = 0x08;
    static final int ATTACH = 0x09;
    static final int RELEASE = 0x0a;
    static final int FORWARD = 0x0b;
    static final int RESTORE = 0x11;
    static final int INSTANCE = 0x12;

    static final AgentFrame.Hello GREETING = new AgentFrame.Hello(GuestProtocol.VERSION, "fake 1");
    static final AgentFrame.Ready READY = new AgentFrame.Ready(Duration.ofMillis(700), 1 << 28, "6.1.0-fake");

    /** Longer than a loaded machine takes for anything. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final FakeChannel channel;
    private Optional<AgentFrame> restored = Optional.empty();
    private Optional<ByteBuffer> looked = Optional.empty(); // at, and not heard yet

    private FakeAgent(FakeChannel channel) {
        this.channel = channel;
    }

    /** Answers the host's dial, and checks how it opens the connection. */
    static FakeAgent answer(FakeMachine machine) {
        FakeVsockHost.Dial dial = machine.vsock.nextDial();
        assertThat(dial.port()).isEqualTo(GuestProtocol.PORT);
        FakeChannel channel = dial.open();
        assertThat(new String(channel.read(4), UTF_8)).isEqualTo("VMTC");
        return new FakeAgent(channel);
    }

    /** An agent that has booted. */
    static FakeAgent boot(FakeMachine machine) {
        machine.started.complete(null);
        FakeAgent agent = answer(machine);
        agent.hear(HELLO);
        agent.hear(BOOT);
        agent.say(GREETING);
        agent.say(READY);
        return agent;
    }

    FakeChannel channel() {
        return channel;
    }

    /** Says that it was restored, and says so again as often as it is asked while something else is waited for: the host asks again when the answer took long. */
    void isRestored(AgentFrame answer) {
        restored = Optional.of(answer);
        say(answer);
    }

    /** Waits for an end that follows from what was said. */
    <T> T awaits(CompletionStage<T> end) {
        answerUntil(end);
        return Await.value(end);
    }

    /** The same of one that fails. */
    Throwable awaitsFailure(CompletionStage<?> end) {
        answerUntil(end);
        return Await.failure(end);
    }

    private void answerUntil(CompletionStage<?> end) {
        long begun = System.nanoTime();
        while (!end.toCompletableFuture().isDone() && System.nanoTime() - begun < PATIENCE_NANOS) {
            // What is said together with the end is left for who hears it.
            hasMore();
            Thread.onSpinWait();
        }
    }

    /** Waits for the host's next frame, which is to be of this type; gives its body. */
    Body hear(int type) {
        ByteBuffer frame = next();
        while (restored.isPresent() && type != RESTORE && frame.get(0) == (byte) RESTORE) {
            say(restored.get());
            frame = next();
        }
        assertThat(frame.get()).as("type of the host's frame").isEqualTo((byte) type);
        return new Body(frame);
    }

    /** The same of two frames of different senders, which may come in either order; gives the first one's body. */
    Body hearBoth(int one, int other) {
        ByteBuffer first = next();
        ByteBuffer second = next();
        byte type = first.get();
        assertThat(List.of(type, second.get()))
                .as("types of the host's frames")
                .containsExactlyInAnyOrder((byte) one, (byte) other);
        return new Body(type == (byte) one ? first : second);
    }

    private ByteBuffer next() {
        ByteBuffer frame = looked.orElseGet(this::read);
        looked = Optional.empty();
        return frame;
    }

    private ByteBuffer read() {
        int length =
                ByteBuffer.wrap(channel.read(4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return ByteBuffer.wrap(channel.read(length)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether the host has said more than was heard, and than that it asks again whether this is restored, which is answered. */
    boolean hasMore() {
        while (looked.isEmpty() && channel.hasUnread()) {
            ByteBuffer frame = read();
            if (restored.isPresent() && frame.get(0) == (byte) RESTORE) {
                say(restored.get());
            } else {
                looked = Optional.of(frame);
            }
        }
        return looked.isPresent();
    }

    void say(AgentFrame... frames) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (AgentFrame frame : frames) {
            bytes.writeBytes(encode(frame));
        }
        channel.deliver(bytes.toByteArray());
    }

    /** The fields of a frame in their order. */
    static final class Body {
        private final ByteBuffer bytes;

        Body(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        int u8() {
            return bytes.get() & 0xff;
        }

        int u16() {
            return bytes.getShort() & 0xffff;
        }

        byte[] bytes(int count) {
            byte[] copy = new byte[count];
            bytes.get(copy);
            return copy;
        }

        int u32() {
            return bytes.getInt();
        }

        long u64() {
            return bytes.getLong();
        }

        Body skip(int count) {
            bytes.position(bytes.position() + count);
            return this;
        }

        String str() {
            byte[] text = new byte[bytes.getInt()];
            bytes.get(text);
            return new String(text, UTF_8);
        }

        List<String> strings() {
            List<String> list = new ArrayList<>();
            for (int left = bytes.getInt(); left > 0; left--) {
                list.add(str());
            }
            return list;
        }
    }

    static byte[] encode(AgentFrame frame) {
        if (frame instanceof AgentFrame.Hello hello) {
            return frame(0x81, fields(hello.agent()).putShort((short) hello.version()), hello.agent());
        }
        if (frame instanceof AgentFrame.Ready ready) {
            return frame(
                    0x82,
                    fields(ready.kernel()).putLong(ready.bootTime().toNanos()).putLong(ready.memoryBytes()),
                    ready.kernel());
        }
        if (frame instanceof AgentFrame.Error error) {
            return frame(
                    0x83,
                    fields(error.message()).putShort((short) error.code()).putInt(error.errno()),
                    error.message());
        }
        if (frame instanceof AgentFrame.Started started) {
            return frame(0x84, fields("").putLong(started.execution()).putInt(started.pid()));
        }
        if (frame instanceof AgentFrame.ExecFailed failed) {
            return frame(
                    0x85,
                    fields(failed.message()).putLong(failed.execution()).putInt(failed.errno()),
                    failed.message());
        }
        if (frame instanceof AgentFrame.Pong pong) {
            return frame(
                    0x86,
                    fields("")
                            .putLong(pong.nonce())
                            .putLong(pong.ticks())
                            .putLong(pong.uptime().toNanos()));
        }
        if (frame instanceof AgentFrame.Forwarded forwarded) {
            return frame(0x89, fields("").putLong(forwarded.forward()).putInt(forwarded.errno()));
        }
        if (frame instanceof AgentFrame.Restored restored) {
            AgentFrame.RestoreSteps took = restored.took();
            ByteBuffer fields = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
            fields.put(restored.instance().bytes());
            fields.putLong(ChronoUnit.NANOS.between(Instant.EPOCH, restored.wall()));
            fields.putLong(restored.stepped().toNanos());
            for (Duration step :
                    List.of(took.clock(), took.entropy(), took.instance(), took.hostname(), took.environment())) {
                fields.putLong(step.toNanos());
            }
            AgentFrame.Ready ready = restored.ready();
            fields.putLong(ready.bootTime().toNanos()).putLong(ready.memoryBytes());
            return frame(0x8a, fields, ready.kernel());
        }
        if (frame instanceof AgentFrame.Attached attached) {
            return frame(
                    0x88,
                    fields("")
                            .putLong(attached.execution())
                            .put((byte) attached.stream().wire())
                            .put(attached.token().bytes())
                            .put((byte) attached.state().wire())
                            .putInt(attached.errno())
                            .putLong(attached.offset())
                            .putInt(attached.ringBytes()));
        }
        AgentFrame.Exited exited = (AgentFrame.Exited) frame;
        return frame(
                0x87,
                fields("")
                        .putLong(exited.execution())
                        .put((byte) exited.kind().wire())
                        .putInt(exited.value())
                        .put((byte) (exited.oomKilled() ? 1 : 0)));
    }

    private static ByteBuffer fields(String text) {
        return ByteBuffer.allocate(64 + text.getBytes(UTF_8).length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] frame(int type, ByteBuffer fields, String text) {
        byte[] utf8 = text.getBytes(UTF_8);
        return frame(type, fields.putInt(utf8.length).put(utf8));
    }

    private static byte[] frame(int type, ByteBuffer fields) {
        fields.flip();
        return ByteBuffer.allocate(5 + fields.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(1 + fields.remaining())
                .put((byte) type)
                .put(fields)
                .array();
    }
}
