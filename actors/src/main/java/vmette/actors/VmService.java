package vmette.actors;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import vmette.config.RestartMode;
import vmette.config.fleet.Service;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.guest.protocol.AgentFrame;
import vmette.vmm.GuestText;

/**
 * What each incarnation of a VM runs by itself, and what it means when that ends. Pure; {@code docs/supervision.md} has the table.
 *
 * @param run the command
 * @param mode of the VM's recovery
 */
public record VmService(Service run, RestartMode mode) {
    private static final List<String> SHELL = List.of("/bin/sh", "-c");

    /** Checks what is given. */
    public VmService {
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(mode, "mode");
    }

    /** The command as its owner wrote it, in one line. */
    String text() {
        List<String> arguments = run.arguments();
        if (arguments.isEmpty()) {
            return "the image's command";
        }
        boolean line = arguments.size() == 3 && arguments.subList(0, 2).equals(SHELL);
        return "'" + GuestText.printable(line ? arguments.get(2) : String.join(" ", arguments)) + "'";
    }

    /**
     * Why its end is a failure of the incarnation; empty if it has done what it was to do, and its VM ends with it.
     *
     * @param lastLine of its output, fit to be shown; may be empty
     */
    Optional<VmFailure.Cause> failure(AgentFrame.Exited exited, String lastLine) {
        boolean signalled = exited.kind() == AgentFrame.ExitKind.SIGNALLED;
        boolean success = !signalled && exited.value() == 0;
        return success && mode != RestartMode.PERMANENT
                ? Optional.empty()
                : Optional.of(
                        new VmFailure.ServiceEnded(text(), exited.value(), signalled, exited.oomKilled(), lastLine));
    }

    /** Why it did not run at all, or nobody learns how it ended. */
    VmFailure.Cause notStarted(Throwable reason) {
        boolean forGood = reason instanceof VmetteException known && known.status() == Status.INVALID_CONFIG;
        String first = String.valueOf(reason.getMessage()).lines().findFirst().orElse("");
        return new VmFailure.ServiceNotStarted(text(), first, forGood);
    }
}
