package vmette.guest.protocol;

import java.time.Duration;
import java.time.Instant;

/**
 * A frame from the agent to the host.
 *
 * <p>Constructors throw {@link IllegalArgumentException} for what no agent may say; the decoder turns that into a
 * {@link ProtocolException}. Text comes from the guest: it is never more than data. An execution's id is a {@code u64}:
 * every {@code long} is one.
 */
public sealed interface AgentFrame {

    /**
     * The answer to the host's HELLO.
     *
     * @param version the agent's version of the protocol, 0 to 65535
     * @param agent the agent's name and version
     */
    record Hello(int version, String agent) implements AgentFrame {
        public Hello {
            require(version >>> 16 == 0, "version " + version);
            checkText(agent);
        }
    }

    /**
     * BOOT has succeeded.
     *
     * @param bootTime CLOCK_BOOTTIME at that moment; not negative
     * @param memoryBytes MemTotal in bytes; not negative
     * @param kernel the release, as uname(2) gives it
     */
    record Ready(Duration bootTime, long memoryBytes, String kernel) implements AgentFrame {
        public Ready {
            checkNanos(bootTime);
            require(memoryBytes >= 0, "memory size " + Long.toUnsignedString(memoryBytes));
            checkText(kernel);
        }
    }

    /**
     * The boot, a restore or the connection has failed; the agent closes the connection after it, but for a boot or restore that may be tried again.
     *
     * @param code {@link #VERSION}, {@link #BAD_FRAME}, {@link #BOOT_FAILED}, {@link #RESTORE_FAILED} or one that is not known yet; 0 to 65535
     * @param errno the system's reason, 0 for none; 0 to 4095
     * @param message the reason in words
     */
    @SuppressWarnings("JavaLangClash") // the protocol's own word, and always written AgentFrame.Error
    record Error(int code, int errno, String message) implements AgentFrame {
        /** The two ends' versions differ. */
        public static final int VERSION = 1;

        /** The host has broken the protocol. */
        public static final int BAD_FRAME = 2;

        /** The guest could not be set up. */
        public static final int BOOT_FAILED = 3;

        /** A restored guest could not be renewed: nothing is to be let in. */
        public static final int RESTORE_FAILED = 4;

        public Error {
            require(code >>> 16 == 0, "error code " + code);
            checkErrno(errno);
            checkText(message);
        }
    }

    /**
     * The command's program is running.
     *
     * @param execution which one
     * @param pid its process id in the guest; at least 1
     */
    record Started(long execution, int pid) implements AgentFrame {
        public Started {
            require(pid > 0, "process id " + Integer.toUnsignedString(pid));
        }
    }

    /**
     * Nothing ran; terminal.
     *
     * @param execution which one
     * @param errno the system's reason, 0 for none; 0 to 4095
     * @param message the reason in words
     */
    record ExecFailed(long execution, int errno, String message) implements AgentFrame {
        public ExecFailed {
            checkErrno(errno);
            checkText(message);
        }
    }

    /**
     * The answer to PING.
     *
     * @param nonce the PING's
     * @param ticks how often the agent's loop has turned, a {@code u64}; the same number twice means that it stands still
     * @param uptime since the guest's boot; not negative
     */
    record Pong(long nonce, long ticks, Duration uptime) implements AgentFrame {
        public Pong {
            checkNanos(uptime);
        }
    }

    /**
     * The command has ended; terminal, exactly one.
     *
     * @param execution which one
     * @param kind how
     * @param value the exit status, 0 to 255, or the signal, 1 to 64
     * @param oomKilled whether the guest's OOM killer has ended a process of the command
     */
    record Exited(long execution, ExitKind kind, int value, boolean oomKilled) implements AgentFrame {
        /** Without the OOM killer's doing. */
        public Exited(long execution, ExitKind kind, int value) {
            this(execution, kind, value, false);
        }

        public Exited {
            boolean possible =
                    switch (kind) {
                        case EXITED -> value >= 0 && value <= 255;
                        case SIGNALLED -> value >= 1 && value <= 64;
                    };
            require(possible, kind + " with value " + Integer.toUnsignedString(value));
        }
    }

    /**
     * What became of a forward. First, whether its TCP connection stands; of one that stood, that it is lost.
     *
     * @param forward which one
     * @param errno 0: connected; else why not, or why not any more; 0 to 4095
     */
    record Forwarded(long forward, int errno) implements AgentFrame {
        public Forwarded {
            checkErrno(errno);
        }
    }

    /**
     * RESTORE has succeeded. What it says of the guest's clock and of times is the guest's word.
     *
     * @param instance the RESTORE's
     * @param wall the guest's clock now
     * @param stepped by how much it was set forward; negative: back
     * @param took how long each step took
     * @param ready what READY would say now
     */
    record Restored(InstanceId instance, Instant wall, Duration stepped, RestoreSteps took, Ready ready)
            implements AgentFrame {
        public Restored {
            require(!wall.isBefore(Instant.EPOCH) && !wall.isAfter(WireTime.LAST), "clock " + wall);
            require(stepped.abs().compareTo(Duration.ofNanos(Long.MAX_VALUE)) <= 0, "step " + stepped);
        }
    }

    /**
     * How long the steps of a restore took in the guest, none negative.
     *
     * @param clock setting it
     * @param entropy feeding the kernel's generator and seeding it anew
     * @param instance writing the file
     * @param hostname setting it
     * @param environment copying it
     */
    record RestoreSteps(Duration clock, Duration entropy, Duration instance, Duration hostname, Duration environment) {
        public RestoreSteps {
            checkNanos(clock);
            checkNanos(entropy);
            checkNanos(instance);
            checkNanos(hostname);
            checkNanos(environment);
        }
    }

    /**
     * What became of an ATTACH, or of the attachment that it began.
     *
     * @param execution which one
     * @param stream which of its outputs
     * @param token the ATTACH's
     * @param state what is said of it
     * @param errno why it was refused, 1 to 4095; else 0
     * @param offset where the data connection is going to begin, or how far the attachment came; when refused for an offset
     *     beyond the end, that end; not negative
     * @param ringBytes the size of the output's ring, 1 to {@link GuestProtocol#MAX_REPLAY}, when attached; else 0
     */
    record Attached(
            long execution, StreamId stream, Token token, AttachmentState state, int errno, long offset, int ringBytes)
            implements AgentFrame {
        public Attached {
            checkErrno(errno);
            require((state == AttachmentState.REFUSED) == (errno != 0), state + " with errno " + errno);
            require(offset >= 0, "offset " + Long.toUnsignedString(offset));
            boolean ring = ringBytes >= 1 && ringBytes <= GuestProtocol.MAX_REPLAY;
            require(
                    state == AttachmentState.ATTACHED ? ring : ringBytes == 0,
                    state + " with a ring of " + Integer.toUnsignedString(ringBytes) + " bytes");
        }
    }

    /** What is said of an attachment; all but the first two are its end. */
    enum AttachmentState implements WireValue {
        /** The data connection is awaited. */
        ATTACHED(0),
        /** There will be none. */
        REFUSED(1),
        /** The output has ended and all of it was sent. */
        ENDED(2),
        /** Another ATTACH took the output over. */
        TAKEN_OVER(3),
        /** The execution was released, its output discarded, or it never ran. */
        RELEASED(4),
        /** The host's data connection did not come, broke, or broke the rules. */
        BROKEN(5);

        private final int wire;

        AttachmentState(int wire) {
            this.wire = wire;
        }

        /** The {@code u8} of this state on the wire. */
        @Override
        public int wire() {
            return wire;
        }
    }

    /** How a command ended. */
    enum ExitKind implements WireValue {
        /** It returned or called exit(3). */
        EXITED(0),
        /** A signal ended it. */
        SIGNALLED(1);

        private final int wire;

        ExitKind(int wire) {
            this.wire = wire;
        }

        /** The {@code u8} of this kind on the wire. */
        @Override
        public int wire() {
            return wire;
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalArgumentException("impossible " + what);
        }
    }

    private static void checkText(String text) {
        require(text.indexOf('\0') < 0, "NUL in text");
    }

    private static void checkNanos(Duration time) {
        require(!time.isNegative() && time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) <= 0, "time " + time);
    }

    private static void checkErrno(int errno) {
        // MAX_ERRNO of the kernel's include/linux/err.h
        require(errno >= 0 && errno <= 4095, "errno " + Integer.toUnsignedString(errno));
    }
}
