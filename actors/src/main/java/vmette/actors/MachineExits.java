package vmette.actors;

import java.util.List;
import vmette.vmm.VmmExit;

/** What the end of a monitor that nobody asked for means. */
final class MachineExits {
    private static final String PANIC = "Kernel panic";
    private static final String AGENT_FATAL = "vmette-agent: fatal:";

    private MachineExits() {}

    static VmFailure.Cause cause(VmmExit exit, List<String> console, boolean wasReady) {
        // Once it is ready the agent has no fatal word: what looks like one was printed by a command.
        String fatal = last(console, AGENT_FATAL);
        if (fatal != null && !wasReady) {
            return new VmFailure.BootRefused(fatal.substring(fatal.indexOf(AGENT_FATAL)));
        }
        String panic = last(console, PANIC);
        return switch (exit.reason()) {
            case GUEST_PANIC -> panic(panic);
            case GUEST_RESET -> panic == null ? new VmFailure.MonitorExited(exit.detail()) : panic(panic);
            case GUEST_POWEROFF -> new VmFailure.PoweredOff();
            case CONNECTION_LOST -> new VmFailure.QmpLost(exit.detail());
            case REQUESTED, CRASHED, NOT_STARTED -> new VmFailure.MonitorExited(exit.detail());
        };
    }

    private static VmFailure.Cause panic(String line) {
        // Without the kernel's time stamp.
        String said = "the guest's kernel panicked" + (line == null ? "" : ": " + line.substring(line.indexOf(PANIC)));
        if (said.contains("deadlocked on memory")) {
            return new VmFailure.OutOfMemory(said + "; give the VM more memory");
        }
        VmFailure.GuestPanic panic = new VmFailure.GuestPanic(said);
        return panic.agentDied()
                ? new VmFailure.GuestPanic(said + "; that is the agent, PID 1: panic, agent died")
                : panic;
    }

    private static String last(List<String> console, String part) {
        for (int i = console.size() - 1; i >= 0; i--) {
            if (console.get(i).contains(part)) {
                return console.get(i).strip();
            }
        }
        return null;
    }
}
