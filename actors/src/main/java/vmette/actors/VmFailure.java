package vmette.actors;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
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
 */
public record VmFailure(
        String vm, long incarnation, Cause cause, boolean wasReady, Optional<VmmExit> exit, List<String> console) {

    /** How many console lines a message carries. */
    private static final int LINES = 8;

    /** What happened. */
    public sealed interface Cause {
        /** One line for people. */
        String text();
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
    }

    /**
     * The agent refused to boot, or spoke another protocol.
     *
     * @param text what it said
     */
    public record BootRefused(String text) implements Cause {}

    /**
     * The agent was not ready in time.
     *
     * @param deadline the setting {@code vmette.boot.deadline}
     */
    public record BootDeadline(Duration deadline) implements Cause {
        @Override
        public String text() {
            return "the agent in the guest did not answer within " + text(deadline)
                    + " (vmette.boot.deadline): the kernel may not have found it, may lack virtio or vsock,"
                    + " or the host may be overloaded, or its KVM be of no use";
        }

        private static String text(Duration duration) {
            return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
        }
    }

    /**
     * The monitor's process ended.
     *
     * @param text how
     */
    public record MonitorExited(String text) implements Cause {}

    /** The guest powered itself off; a failure only before it was ready. */
    public record PoweredOff() implements Cause {
        @Override
        public String text() {
            return "the guest powered itself off";
        }
    }

    /**
     * The guest's kernel panicked.
     *
     * @param text the kernel's own line
     */
    public record GuestPanic(String text) implements Cause {}

    /**
     * The control connection to the agent was lost or broke the protocol.
     *
     * @param text how
     */
    public record AgentLost(String text) implements Cause {}

    /**
     * The vsock device broke.
     *
     * @param text how
     */
    public record DeviceBroken(String text) implements Cause {}

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
    }

    /** Copies the lines. */
    public VmFailure {
        console = List.copyOf(console);
    }

    /** What a caller sees of it: a message of one line, then the last console lines. */
    public VmetteException toException() {
        if (cause instanceof NotStarted notStarted) {
            return notStarted.reason();
        }
        StringBuilder message = new StringBuilder("VM ").append(vm);
        message.append(wasReady ? " was lost: " : " did not start: ").append(cause.text());
        if (!console.isEmpty()) {
            message.append("\nlast console lines:");
            console.stream().skip(Math.max(0, console.size() - LINES)).forEach(line -> message.append("\n  ")
                    .append(line));
        }
        Throwable thrown = cause instanceof Internal internal ? internal.thrown() : null;
        if (cause instanceof BootDeadline) {
            return new OperationTimeoutException(message.toString());
        }
        return wasReady
                ? new VmLostException(message.toString(), thrown)
                : new StartFailedException(message.toString(), thrown);
    }
}
