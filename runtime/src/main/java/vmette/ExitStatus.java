package vmette;

import java.util.Optional;
import vmette.config.GuestSignal;
import vmette.guest.protocol.AgentFrame;

/**
 * How a command, or a whole run, ended.
 *
 * @param kind what ended it
 * @param value the exit status for {@link Kind#EXITED}, the signal's number for {@link Kind#SIGNALLED}, else 0
 * @param oomKilled whether the guest ran out of memory and its OOM killer ended a process of the command, the command itself or one
 *     that it started; never true where the guest's kernel cannot tell (it needs cgroup v2 with the memory controller)
 */
public record ExitStatus(Kind kind, int value, boolean oomKilled) {
    /** What ended a command. */
    public enum Kind {
        /** It exited. */
        EXITED,
        /** A signal ended it. */
        SIGNALLED,
        /** The VM's timeout passed first. */
        TIMED_OUT
    }

    /** An end in which the OOM killer had no part. */
    public ExitStatus(Kind kind, int value) {
        this(kind, value, false);
    }

    /** As coreutils' {@code timeout} has it. */
    static final int TIMED_OUT_CODE = 124;

    /** As a shell would say it: the status, 128 plus the signal, or 124 after a timeout. */
    public int code() {
        return switch (kind) {
            case EXITED -> value;
            case SIGNALLED -> 128 + value;
            case TIMED_OUT -> TIMED_OUT_CODE;
        };
    }

    /** Whether it exited with status 0. */
    public boolean isSuccess() {
        return kind == Kind.EXITED && value == 0;
    }

    /** The signal that ended it, if one did. */
    public Optional<GuestSignal> signal() {
        return kind == Kind.SIGNALLED ? Optional.of(new GuestSignal(value)) : Optional.empty();
    }

    /** As in {@code exited with status 3} or {@code ended by signal 9 (KILL), the guest was out of memory}. */
    @Override
    public String toString() {
        String end =
                switch (kind) {
                    case EXITED -> "exited with status " + value;
                    case SIGNALLED -> "ended by signal " + new GuestSignal(value);
                    case TIMED_OUT -> "stopped by the timeout";
                };
        return oomKilled ? end + ", the guest was out of memory" : end;
    }

    static ExitStatus of(AgentFrame.Exited exited) {
        return switch (exited.kind()) {
            case EXITED -> new ExitStatus(Kind.EXITED, exited.value(), exited.oomKilled());
            case SIGNALLED -> new ExitStatus(Kind.SIGNALLED, exited.value(), exited.oomKilled());
        };
    }
}
