package vmette.actors;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import vmette.config.Durations;
import vmette.config.GuestSignal;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.recovery.Decision;
import vmette.recovery.FailureKind;
import vmette.recovery.Origin;
import vmette.vmm.VmmExit;

/**
 * Why an incarnation ended although nobody asked it to.
 *
 * @param vm the VM's name
 * @param incarnation which life of it, from 1
 * @param cause what happened
 * @param wasReady whether the agent had been ready
 * @param exit how the monitor ended, if it had been spawned
 * @param console last lines of the guest's console and of the monitor, oldest first
 * @param life how the incarnation went until then; empty as long as its supervisor has not heard of the failure
 * @param next what the supervisor has decided; empty where there was nothing to decide, or not yet
 */
public record VmFailure(
        String vm,
        long incarnation,
        Cause cause,
        boolean wasReady,
        Optional<VmmExit> exit,
        List<String> console,
        Optional<Life> life,
        Optional<Decision> next) {

    /**
     * When an incarnation did what.
     *
     * @param from what it began from
     * @param started when it began
     * @param ready when its agent was ready, if it ever was
     * @param failed when nothing of it was left
     */
    public record Life(Origin from, Instant started, Optional<Instant> ready, Instant failed) {
        /** How long it was ready; 0 if it never was. */
        public Duration readyFor() {
            return ready.map(since -> Duration.between(since, failed)).orElse(Duration.ZERO);
        }
    }

    /** What happened. */
    public sealed interface Cause {
        /** One line for people. */
        String text();

        /** What a recovery makes of it. */
        FailureKind kind();

        /** One word for lists and logs, with the number that matters: {@code Hung}, {@code VmmExit(9)}. */
        default String word() {
            return getClass().getSimpleName();
        }
    }

    /**
     * The machine could not be made or started.
     *
     * @param reason what failed
     */
    public record NotStarted(VmetteException reason) implements Cause {
        @Override
        public String text() {
            return reason.getMessage();
        }

        @Override
        public FailureKind kind() {
            return reason.status() == Status.INVALID_CONFIG ? FailureKind.REFUSED : FailureKind.NOT_STARTED;
        }
    }

    /**
     * The agent refused to boot, or spoke another protocol.
     *
     * @param text what it said
     * @param forGood whether it would do so at every boot
     */
    public record BootRefused(String text, boolean forGood) implements Cause {
        /** One that another boot may not meet. */
        public BootRefused(String text) {
            this(text, false);
        }

        @Override
        public FailureKind kind() {
            return forGood ? FailureKind.REFUSED : FailureKind.BOOT_REFUSED;
        }
    }

    /**
     * The agent was not ready in time.
     *
     * @param deadline the setting {@code vmette.boot.deadline}
     */
    public record BootDeadline(Duration deadline) implements Cause {
        @Override
        public String text() {
            return "the agent in the guest did not answer within " + Durations.text(deadline)
                    + " (vmette.boot.deadline): the kernel may not have found it, may lack virtio or vsock,"
                    + " or the host may be overloaded, or its KVM be of no use";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.BOOT_DEADLINE;
        }
    }

    /**
     * The monitor's process ended.
     *
     * @param text how
     */
    public record MonitorExited(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.VMM_EXIT;
        }

        @Override
        public String word() {
            return "VmmExit";
        }
    }

    /**
     * The monitor's process is there, but its control connection is not, or it answers no command any more.
     *
     * @param text how
     */
    public record QmpLost(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.QMP_LOST;
        }
    }

    /** The guest powered itself off; a failure only before it was ready. */
    public record PoweredOff() implements Cause {
        @Override
        public String text() {
            return "the guest powered itself off";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.POWERED_OFF;
        }
    }

    /**
     * The guest's kernel panicked.
     *
     * @param text the kernel's own line
     */
    public record GuestPanic(String text) implements Cause {
        private static final String PID_1_ENDED = "Attempted to kill init";

        /** Whether it panicked because its PID 1 ended, which is the agent. */
        public boolean agentDied() {
            return text.contains(PID_1_ENDED);
        }

        @Override
        public FailureKind kind() {
            return FailureKind.GUEST_PANIC;
        }

        @Override
        public String word() {
            return agentDied() ? "GuestPanic(panic, agent died)" : "GuestPanic";
        }
    }

    /**
     * The guest is there and answers nobody.
     *
     * @param silent since when
     * @param text what was tried, and what its processors do
     */
    public record Hung(Duration silent, String text) implements Cause {
        @Override
        public String text() {
            return "the guest has given no sign of life for " + Durations.text(silent) + ": " + text;
        }

        @Override
        public FailureKind kind() {
            return FailureKind.HUNG;
        }
    }

    /**
     * Somebody stopped the monitor's process with a signal.
     *
     * @param pid of the monitor
     */
    public record Stopped(long pid) implements Cause {
        @Override
        public String text() {
            return "the monitor's process " + pid + " is stopped (state T): somebody sent it SIGSTOP, or traces it";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.STOPPED;
        }
    }

    /**
     * The monitor's process is there, not stopped, and gets no processor time.
     *
     * @param pid of the monitor
     * @param idle for how long
     */
    public record Dead(long pid, Duration idle) implements Cause {
        @Override
        public String text() {
            return "the monitor's process " + pid + " has used no processor time for " + Durations.text(idle)
                    + " although its guest was asked for a sign of life: the host's kernel may hold it, on a disk perhaps,"
                    + " or the guest has halted for good";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.DEAD;
        }
    }

    /**
     * Memory ran out.
     *
     * @param text whose, and what to do
     */
    public record OutOfMemory(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.OUT_OF_MEMORY;
        }
    }

    /**
     * A process that served the monitor ended: virtiofsd of a share, or passt of the network card.
     *
     * @param text which, how, and its last words
     */
    public record HelperLost(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.HELPER_LOST;
        }
    }

    /**
     * The control connection to the agent was lost or broke the protocol.
     *
     * @param text how
     */
    public record AgentLost(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.AGENT_LOST;
        }
    }

    /**
     * The vsock device broke.
     *
     * @param text how
     */
    public record DeviceBroken(String text) implements Cause {
        @Override
        public FailureKind kind() {
            return FailureKind.DEVICE_BROKEN;
        }
    }

    /**
     * An incarnation that began from a snapshot did not become ready.
     *
     * @param snapshot which
     * @param why what happened instead
     */
    public record RestoreFailed(String snapshot, Cause why) implements Cause {
        @Override
        public String text() {
            return "it could not be restored from the snapshot " + snapshot + ": " + why.text();
        }

        @Override
        public FailureKind kind() {
            return FailureKind.RESTORE_FAILED;
        }

        @Override
        public String word() {
            return "RestoreFailed(" + snapshot + ", " + why.word() + ")";
        }
    }

    /**
     * The VM runs and does not do what it is for.
     *
     * @param check which check said so
     * @param failures how often in a row
     * @param text what it said last
     */
    public record HealthCheckFailed(String check, int failures, String text) implements Cause {
        @Override
        public String text() {
            return "the health check " + check + " failed " + failures + " times in a row, last with: " + text;
        }

        @Override
        public FailureKind kind() {
            return FailureKind.HEALTH_CHECK;
        }
    }

    /**
     * What the VM runs by itself has ended, and was not to.
     *
     * @param service what it was
     * @param status its exit status, or the number of the signal that ended it
     * @param signalled whether it was a signal
     * @param oomKilled whether the guest's OOM killer had ended a process of it
     * @param lastLine of its output, fit to be shown; may be empty
     */
    public record ServiceEnded(String service, int status, boolean signalled, boolean oomKilled, String lastLine)
            implements Cause {
        private static final int NOT_EXECUTABLE = 126;
        private static final int NOT_FOUND = 127;

        @Override
        public String text() {
            String how = signalled ? "by signal " + new GuestSignal(status) : "with exit status " + status + meaning();
            return "its service " + service + " ended " + how
                    + (oomKilled ? ", after the guest's OOM killer had ended a process of it" : "")
                    + (lastLine.isEmpty() ? "" : "; it said last: " + lastLine);
        }

        private String meaning() {
            return switch (status) {
                case NOT_EXECUTABLE -> " (for a shell: a program that cannot be executed)";
                case NOT_FOUND -> " (for a shell: no such program)";
                default -> "";
            };
        }

        @Override
        public FailureKind kind() {
            return FailureKind.SERVICE;
        }

        @Override
        public String word() {
            return "ServiceEnded(" + (signalled ? "signal " : "") + status + ")";
        }
    }

    /**
     * What the VM was to run by itself did not begin.
     *
     * @param service what it was
     * @param reason the guest's, or why the guest was not asked
     * @param forGood whether it would be so at every boot
     */
    public record ServiceNotStarted(String service, String reason, boolean forGood) implements Cause {
        @Override
        public String text() {
            return "its service " + service + " could not be started: " + reason;
        }

        @Override
        public FailureKind kind() {
            return forGood ? FailureKind.REFUSED : FailureKind.SERVICE;
        }
    }

    /** Its owner stopped it. */
    public record OperatorStop() implements Cause {
        @Override
        public String text() {
            return "its owner stopped it";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.OPERATOR_STOP;
        }
    }

    /** Its owner had it started anew. */
    public record OperatorRestart() implements Cause {
        @Override
        public String text() {
            return "its owner had it restarted";
        }

        @Override
        public FailureKind kind() {
            return FailureKind.OPERATOR_RESTART;
        }
    }

    /**
     * The group it belongs to had it end and begin anew.
     *
     * @param group which
     * @param because what happened in it, or to it
     */
    public record GroupRestart(String group, String because) implements Cause {
        @Override
        public String text() {
            return "its group " + group + " had it restarted, since " + because;
        }

        @Override
        public FailureKind kind() {
            return FailureKind.GROUP_RESTART;
        }
    }

    /**
     * The incarnation was to end and did not: its processes cannot be killed.
     *
     * @param pids those that remain, as far as known
     * @param waited since they were told to end
     * @param why it was to end
     */
    public record ProcessRemains(List<Long> pids, Duration waited, Cause why) implements Cause {
        /** Copies what is given. */
        public ProcessRemains {
            pids = List.copyOf(pids);
        }

        @Override
        public String text() {
            String which = pids.isEmpty()
                    ? "a process, or what prepares the boot,"
                    : pids.size() == 1 ? "process " + pids.get(0) : "processes " + pids;
            return which + " of it cannot be ended and has been waited for " + Durations.text(waited)
                    + " (the host's kernel holds it, see /proc/PID/stack): nothing is started under its name before"
                    + " that is gone. It was to end because " + why.text();
        }

        @Override
        public FailureKind kind() {
            return FailureKind.PROCESS_REMAINS;
        }

        @Override
        public String word() {
            return "ProcessRemains" + pids;
        }
    }

    /**
     * A part of the runtime itself failed.
     *
     * @param thrown what it threw
     */
    public record Internal(Throwable thrown) implements Cause {
        @Override
        public String text() {
            return "a part of vmette failed, which is a bug worth reporting: " + thrown;
        }

        @Override
        public FailureKind kind() {
            return FailureKind.INTERNAL;
        }
    }

    /** Copies the lines. */
    public VmFailure {
        console = List.copyOf(console);
    }

    /** One that nothing has been decided about. */
    VmFailure(
            String vm, long incarnation, Cause cause, boolean wasReady, Optional<VmmExit> exit, List<String> console) {
        this(vm, incarnation, cause, wasReady, exit, console, Optional.empty(), Optional.empty());
    }

    VmFailure withCause(Cause other) {
        return new VmFailure(vm, incarnation, other, wasReady, exit, console, life, next);
    }

    VmFailure withLife(Life known) {
        return new VmFailure(vm, incarnation, cause, wasReady, exit, console, Optional.of(known), next);
    }

    VmFailure withNext(Decision decision) {
        return new VmFailure(vm, incarnation, cause, wasReady, exit, console, life, Optional.of(decision));
    }

    /** The same for those who keep many: the console may hold 32 KiB. */
    public VmFailure withoutConsole() {
        return new VmFailure(vm, incarnation, cause, wasReady, exit, List.of(), life, next);
    }

    /** What a recovery makes of it: a power-off is a boot that failed if the guest had not been ready. */
    public FailureKind kind() {
        return cause instanceof PoweredOff && !wasReady ? FailureKind.BOOT_REFUSED : cause.kind();
    }

    /** The cause in one word, for lists: {@code VmmExit(9)} for a monitor ended by signal 9, {@code Hung}. */
    public String word() {
        return VmFailureText.word(this);
    }

    /** All that matters in one line, without the console. */
    public String line() {
        return VmFailureText.line(this);
    }

    /** All that is known, in several lines without a line feed at the end. */
    public String report() {
        return VmFailureText.report(this);
    }

    /** What a caller sees of it: a message of one line, then the last console lines. */
    public VmetteException toException() {
        return VmFailureText.exception(this);
    }
}
