package vmette.qemu;

import java.util.List;
import java.util.Optional;
import vmette.vmm.VmmExit;
import vmette.vmm.VmmExit.Reason;

/**
 * All that is known when a QEMU process has ended, and what follows from it.
 *
 * @param started whether it had reported the guest as running
 * @param quitRequested whether we asked it to end
 * @param shutdownReason {@code reason} of its last SHUTDOWN event, a ShutdownCause of QEMU's QMP reference; empty without one
 * @param panicked whether a GUEST_PANICKED event came
 * @param exitCode the process's status, 128 + n for signal n
 * @param console the output's last lines
 */
record Ending(
        boolean started,
        boolean quitRequested,
        String shutdownReason,
        boolean panicked,
        int exitCode,
        List<String> console) {
    private static final String KERNEL_PANIC = "Kernel panic - not syncing";
    private static final String SILENT_RESET =
            "the guest reset before it wrote anything, as a kernel does that has too little memory to unpack itself";
    private static final int LINES_QUOTED = 2;

    VmmExit classify() {
        Optional<String> panic =
                console.stream().filter(line -> line.contains(KERNEL_PANIC)).reduce((earlier, later) -> later);
        if (panicked || shutdownReason.equals("guest-panic")) {
            return exit(Reason.GUEST_PANIC, panic.orElse("the guest's kernel panicked"));
        }
        return switch (shutdownReason) {
            case "guest-shutdown" -> exit(Reason.GUEST_POWEROFF, "the guest powered off");
            case "guest-reset" ->
                panic.map(line -> exit(Reason.GUEST_PANIC, line))
                        .orElseGet(() -> exit(Reason.GUEST_RESET, describeReset()));
            default -> classifyHostSide();
        };
    }

    /** The same for a QEMU that we killed because its QMP connection was lost: the signal was ours. */
    VmmExit classifyAbandoned() {
        VmmExit exit = classify();
        return exit.reason() == Reason.CRASHED
                ? exit(
                        Reason.CONNECTION_LOST,
                        "QEMU's control connection was lost while it ran on, so it was killed" + quoteConsole())
                : exit;
    }

    private String describeReset() {
        return console.isEmpty() ? SILENT_RESET : "the guest asked for a reset";
    }

    private VmmExit classifyHostSide() {
        if (quitRequested) {
            return exit(Reason.REQUESTED, "ended on request");
        }
        return exit(started ? Reason.CRASHED : Reason.NOT_STARTED, "QEMU " + describeStatus() + quoteConsole());
    }

    private VmmExit exit(Reason reason, String detail) {
        return new VmmExit(reason, exitCode, detail);
    }

    /** As in "exited with status 1" or "was killed by signal 9 (KILL)". */
    private String describeStatus() {
        if (shutdownReason.equals("host-signal")) {
            return "was ended by a signal from outside";
        }
        if (exitCode <= 128) {
            return "exited with status " + exitCode;
        }
        int signal = exitCode - 128;
        String name =
                switch (signal) {
                    case 6 -> " (ABRT)";
                    case 7 -> " (BUS: is the file system of its memory full?)";
                    case 9 -> " (KILL: by a user, or for want of memory)";
                    case 11 -> " (SEGV)";
                    case 15 -> " (TERM)";
                    case 31 -> " (SYS: its sandbox forbids a system call)";
                    default -> "";
                };
        return "was killed by signal " + signal + name;
    }

    /** Why there was never a running guest, as the rest of a sentence about the VM's start. */
    String describeFailedStart() {
        VmmExit exit = classify();
        if (exit.reason() != Reason.NOT_STARTED) {
            return exit.detail();
        }
        // Status 0 is the guest's doing; before the handshake QEMU reports no events.
        boolean perhapsByGuest = exitCode == 0 && console.isEmpty();
        String status = "QEMU " + describeStatus() + " before it was ready" + quoteConsole();
        return perhapsByGuest ? status + ": " + SILENT_RESET + ", or vmette.qemu.binary is another program" : status;
    }

    /** The last lines of the output for a message: {@code ": line; line"}, or empty. */
    private String quoteConsole() {
        int from = Math.max(0, console.size() - LINES_QUOTED);
        String quoted = String.join("; ", console.subList(from, console.size()));
        return quoted.isEmpty() ? "" : ": " + quoted;
    }
}
