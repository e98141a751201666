package vmette.libvmette;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.vmm.VmmExit;
import vmette.vmm.VmmExit.Reason;

/**
 * All that is known when a child has ended, and what follows from it. Pure.
 *
 * @param vm its name
 * @param loaded whether it had reported that the library is loaded
 * @param quitRequested whether we killed it because we were told to
 * @param late whether we killed it because it had not loaded the library within {@code patience}
 * @param patience for the message
 * @param outcome what it has reported last
 * @param exitCalled whether exit(3) was called in it
 * @param status the process's, 128 + n for signal n
 * @param output its last lines
 */
record RunEnding(
        String vm,
        boolean loaded,
        boolean quitRequested,
        boolean late,
        Duration patience,
        Optional<ChildReport> outcome,
        boolean exitCalled,
        int status,
        List<String> output) {
    private static final int LINES_QUOTED = 3;
    private static final int SIGNALLED = 128;

    /**
     * What is told of it.
     *
     * @param exit for everybody
     * @param end if the run came to an end of its own
     * @param failure else
     */
    record Verdict(VmmExit exit, Optional<RunEnd> end, Optional<VmetteException> failure) {}

    Verdict judge() {
        if (outcome.isPresent() && outcome.get() instanceof ChildReport.Ran ran) {
            return ran.status() == 0
                    ? ended(
                            Reason.GUEST_POWEROFF,
                            new RunEnd.Returned(ran.exitCode()),
                            "the run ended with exit code " + ran.exitCode())
                    : failed(reasonOf(ran.status()), failureOf(ran.status()));
        }
        if (quitRequested) {
            return failed(Reason.REQUESTED, new VmLostException("VM " + vm + " was told to quit"), "ended on request");
        }
        if (late) {
            return failed(
                    Reason.NOT_STARTED,
                    new OperationTimeoutException("VM " + vm + ": libvmette was not loaded within "
                            + patience.toSeconds() + " s: it hangs, or the host is overloaded" + quoted()));
        }
        if (outcome.isPresent() && outcome.get() instanceof ChildReport.Refused refused) {
            return failed(Reason.NOT_STARTED, new StartFailedException("VM " + vm + ": " + refused.reason()));
        }
        if (!loaded) {
            return failed(
                    Reason.NOT_STARTED,
                    new StartFailedException("VM " + vm + ": the process " + described()
                            + " before it had loaded libvmette" + quoted()));
        }
        if (!wasKilled()) {
            return ended(
                    Reason.CRASHED,
                    new RunEnd.ProcessExited(status),
                    "libvmette ended its process with status " + status + " instead of returning" + quoted());
        }
        return failed(
                Reason.CRASHED,
                new VmLostException("VM " + vm + ": the process that libvmette ran it in " + described() + quoted()));
    }

    /** _exit(2) with more than 128 looks like a signal; nothing tells them apart. */
    private boolean wasKilled() {
        return !exitCalled && status > SIGNALLED;
    }

    private String described() {
        return wasKilled() ? "was killed by signal " + named(status - SIGNALLED) : "exited with status " + status;
    }

    /** Those that have the same numbers on every system. */
    private static String named(int signal) {
        return switch (signal) {
            case 4 -> "4 (ILL)";
            case 6 -> "6 (ABRT: it gave up, or crashed)";
            case 8 -> "8 (FPE)";
            case 9 -> "9 (KILL: by a user, or for want of memory)";
            case 11 -> "11 (SEGV)";
            case 15 -> "15 (TERM)";
            default -> Integer.toString(signal);
        };
    }

    private static Reason reasonOf(int status) {
        return switch (status) {
            case 4, 7, 8 -> Reason.CRASHED;
            default -> Reason.NOT_STARTED;
        };
    }

    private VmetteException failureOf(int status) {
        String message = "VM " + vm + ": libvmette's run returned " + status;
        return switch (status) {
            case 1 -> new InvalidConfigException(message + " (InvalidConfig)" + quoted());
            case 2 -> new StartFailedException(message + " (StartFailed)" + quoted());
            case 3 -> new RestoreFailedException(message + " (RestoreFailed)" + quoted(), null);
            case 4 -> new SaveFailedException(message + " (SaveFailed)" + quoted(), null);
            case 5 -> new SnapshotUnsupportedException(message + " (SnapshotUnsupported)" + quoted());
            case 6 -> new OperationTimeoutException(message + " (Timeout)" + quoted());
            case 7 -> new VsockException(message + " (Vsock)" + quoted());
            case 8 -> new VmetteIoException(message + " (Io)" + quoted());
            // NullArg and InvalidUtf8 are mistakes of the caller's, which this one does not make; others are not in the
            // header.
            default -> new StartFailedException(message + ", which this caller has not asked for" + quoted());
        };
    }

    private Verdict failed(Reason reason, VmetteException failure) {
        return failed(reason, failure, failure.getMessage());
    }

    private Verdict failed(Reason reason, VmetteException failure, String detail) {
        return new Verdict(new VmmExit(reason, status, detail), Optional.empty(), Optional.of(failure));
    }

    private Verdict ended(Reason reason, RunEnd end, String detail) {
        return new Verdict(new VmmExit(reason, status, detail), Optional.of(end), Optional.empty());
    }

    /** The last lines of the output for a message: {@code ": line; line"}, or empty. */
    private String quoted() {
        int from = Math.max(0, output.size() - LINES_QUOTED);
        String lines = String.join("; ", output.subList(from, output.size()));
        return lines.isEmpty() ? "" : ": " + lines;
    }
}
