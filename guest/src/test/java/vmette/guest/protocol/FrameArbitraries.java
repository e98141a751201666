package vmette.guest.protocol;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Every frame there is, for property tests. */
public final class FrameArbitraries {
    private static final Arbitrary<Long> ID = Arbitraries.longs();
    private static final Arbitrary<Long> OFFSET = Arbitraries.longs().greaterOrEqual(0);
    private static final Arbitrary<Integer> RING = Arbitraries.integers().between(1, GuestProtocol.MAX_REPLAY);
    private static final Arbitrary<Integer> U16 = Arbitraries.integers().between(0, 65535);
    private static final Arbitrary<Integer> ERRNO = Arbitraries.integers().between(0, 4095);
    private static final Arbitrary<Duration> MILLIS =
            Arbitraries.longs().between(0, 0xffff_ffffL).map(Duration::ofMillis);
    private static final Arbitrary<Duration> NANOS =
            Arbitraries.longs().between(0, Long.MAX_VALUE).map(Duration::ofNanos);
    private static final Arbitrary<String> TEXT = Arbitraries.strings()
            .withCharRange('\u0001', '\u04ff')
            .withChars('\u20ac', '\uffee')
            .ofMaxLength(40);
    private static final Arbitrary<List<String>> ENVIRONMENT = Combinators.combine(
                    Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(8), TEXT)
            .as((key, value) -> key + "=" + value)
            .list()
            .ofMaxSize(5);
    private static final Arbitrary<Token> TOKEN = Arbitraries.bytes()
            .array(byte[].class)
            .ofSize(Token.BYTES)
            .map(Token::of)
            .filter(token -> !token.equals(Token.ZERO));
    private static final Arbitrary<StreamSetup> STREAM =
            Arbitraries.oneOf(Arbitraries.just(StreamSetup.none()), TOKEN.map(StreamSetup::connection));
    private static final Arbitrary<WindowSize> WINDOW =
            Combinators.combine(U16, U16).as(WindowSize::new);

    private static final Arbitrary<Ipv4> IPV4 = Arbitraries.integers().map(Ipv4::new);

    private static final Arbitrary<Instant> TIME =
            Arbitraries.longs().between(0, Long.MAX_VALUE).map(WireTime::instant);
    private static final Arbitrary<InstanceId> INSTANCE =
            Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(InstanceId::new);
    private static final Arbitrary<Entropy> ENTROPY =
            Arbitraries.bytes().array(byte[].class).ofSize(Entropy.BYTES).map(Entropy::of);
    private static final Arbitrary<AgentFrame.Ready> READY = Combinators.combine(
                    NANOS, Arbitraries.longs().between(0, Long.MAX_VALUE), TEXT)
            .as(AgentFrame.Ready::new);

    private FrameArbitraries() {}

    /** Frames of the host. */
    public static Arbitrary<HostFrame> host() {
        return Arbitraries.oneOf(
                U16.map(HostFrame.Hello::new),
                Combinators.combine(Arbitraries.of(RootMode.class), TEXT, ENVIRONMENT)
                        .as(HostFrame.Boot::new),
                exec(),
                Combinators.combine(ID, Arbitraries.integers().between(1, 64), Arbitraries.of(true, false))
                        .as(HostFrame.Signal::new),
                Combinators.combine(ID, WINDOW).as(HostFrame.Resize::new),
                ID.map(HostFrame.Ping::new),
                Arbitraries.just(new HostFrame.Shutdown()),
                Combinators.combine(ID, Arbitraries.of(StreamId.class)).as(HostFrame.Discard::new),
                Combinators.combine(ID, TOKEN, Arbitraries.integers().between(1, 65535))
                        .as(HostFrame.Forward::new),
                ID.map(HostFrame.Forward::giveUp),
                Combinators.combine(ID, Arbitraries.of(StreamId.class), TOKEN, OFFSET)
                        .as(HostFrame.Attach::new),
                TEXT.map(HostFrame.Scratch::new),
                Combinators.combine(Arbitraries.of(true, false), Arbitraries.of(true, false), TEXT, TEXT)
                        .as(HostFrame.Root::new),
                Combinators.combine(Arbitraries.of(true, false), TEXT).as(HostFrame.Share::new),
                Combinators.combine(IPV4, Arbitraries.integers().between(0, 32), IPV4, IPV4)
                        .as(HostFrame.Net::new),
                TEXT.list().ofMaxSize(5).map(HostFrame.Trust::new),
                Combinators.combine(TIME, ENTROPY, INSTANCE, TEXT, ENVIRONMENT).as(HostFrame.Restore::new),
                INSTANCE.map(HostFrame.Instance::new),
                ID.map(HostFrame.Release::new));
    }

    private static Arbitrary<HostFrame> exec() {
        Arbitrary<List<String>> arguments = Combinators.combine(
                        TEXT.filter(text -> !text.isEmpty()), TEXT.list().ofMaxSize(5))
                .as((program, rest) -> {
                    rest.add(0, program);
                    return rest;
                });
        Arbitrary<Set<ExecFlag>> flags = Arbitraries.of(ExecFlag.class).set().map(set -> {
            if (!set.contains(ExecFlag.DETACHED)) {
                set.remove(ExecFlag.BLOCK);
            }
            return set;
        });
        Arbitrary<Tuple.Tuple2<Integer, WindowSize>> sizes =
                Combinators.combine(RING, WINDOW).as(Tuple::of);
        Arbitrary<List<Duration>> graces = MILLIS.list().ofSize(2);
        Arbitrary<List<StreamSetup>> streams = STREAM.list().ofSize(3);
        return Combinators.combine(ID, flags, streams, graces, sizes, TEXT, arguments, ENVIRONMENT)
                .as((id, flag, stream, grace, size, directory, argument, environment) -> new HostFrame.Exec(
                        id,
                        flag,
                        flag.contains(ExecFlag.DETACHED) ? StreamSetup.none() : stream.get(0),
                        output(flag, stream.get(1)),
                        flag.contains(ExecFlag.PTY) || flag.contains(ExecFlag.MERGE)
                                ? StreamSetup.none()
                                : output(flag, stream.get(2)),
                        grace.get(0),
                        grace.get(1),
                        flag.contains(ExecFlag.DETACHED) ? size.get1() : 0,
                        size.get2(),
                        directory,
                        argument,
                        environment,
                        flag.contains(ExecFlag.USER) ? "user:" + directory : ""));
    }

    private static StreamSetup output(Set<ExecFlag> flags, StreamSetup setup) {
        boolean detached = flags.contains(ExecFlag.DETACHED) && setup.mode() == StreamMode.CONNECTION;
        return detached ? StreamSetup.replay() : setup;
    }

    private static Arbitrary<AgentFrame> attached() {
        Arbitrary<AgentFrame.AttachmentState> states = Arbitraries.of(AgentFrame.AttachmentState.class);
        Arbitrary<Integer> errno = Arbitraries.integers().between(1, 4095);
        return Combinators.combine(ID, Arbitraries.of(StreamId.class), TOKEN, states, errno, OFFSET, RING)
                .as((id, stream, token, state, number, offset, ring) -> new AgentFrame.Attached(
                        id,
                        stream,
                        token,
                        state,
                        state == AgentFrame.AttachmentState.REFUSED ? number : 0,
                        offset,
                        state == AgentFrame.AttachmentState.ATTACHED ? ring : 0));
    }

    private static Arbitrary<AgentFrame> restored() {
        Arbitrary<Duration> stepped =
                Arbitraries.longs().between(-Long.MAX_VALUE, Long.MAX_VALUE).map(Duration::ofNanos);
        Arbitrary<AgentFrame.RestoreSteps> took =
                Combinators.combine(NANOS, NANOS, NANOS, NANOS, NANOS).as(AgentFrame.RestoreSteps::new);
        return Combinators.combine(INSTANCE, TIME, stepped, took, READY).as(AgentFrame.Restored::new);
    }

    /** Frames of the agent. */
    public static Arbitrary<AgentFrame> agent() {
        Arbitrary<AgentFrame> exited = Arbitraries.oneOf(
                Combinators.combine(ID, Arbitraries.integers().between(0, 255), Arbitraries.of(true, false))
                        .as((id, status, oom) -> new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, status, oom)),
                Combinators.combine(ID, Arbitraries.integers().between(1, 64), Arbitraries.of(true, false))
                        .as((id, signal, oom) ->
                                new AgentFrame.Exited(id, AgentFrame.ExitKind.SIGNALLED, signal, oom)));
        return Arbitraries.oneOf(
                Combinators.combine(U16, TEXT).as(AgentFrame.Hello::new),
                READY,
                restored(),
                Combinators.combine(U16, ERRNO, TEXT).as(AgentFrame.Error::new),
                Combinators.combine(ID, Arbitraries.integers().between(1, Integer.MAX_VALUE))
                        .as(AgentFrame.Started::new),
                Combinators.combine(ID, ERRNO, TEXT).as(AgentFrame.ExecFailed::new),
                Combinators.combine(ID, ID, NANOS).as(AgentFrame.Pong::new),
                Combinators.combine(ID, ERRNO).as(AgentFrame.Forwarded::new),
                exited,
                attached());
    }
}
