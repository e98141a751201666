package vmette.actors;

import java.util.Set;
import vmette.errors.ProgramNotRunException;
import vmette.errors.StartFailedException;
import vmette.guest.protocol.AgentFrame;
import vmette.vmm.GuestText;

/** What a caller is told of a command that the agent could not begin. Pure. */
final class NotRun {
    /** As the agent begins when it was the program itself (docs/guest-protocol.md). */
    private static final String PROGRAM = "cannot run ";

    /** ENOENT and ENOTDIR. */
    private static final Set<Integer> MISSING = Set.of(2, 20);

    private NotRun() {}

    static StartFailedException of(String command, String vm, AgentFrame.ExecFailed failed) {
        String message = command + " could not be run in VM " + vm + ": " + GuestText.printable(failed.message());
        return failed.message().startsWith(PROGRAM)
                ? new ProgramNotRunException(message, MISSING.contains(failed.errno()))
                : new StartFailedException(message);
    }
}
