package vmette.vmm;

/**
 * How a monitor ended.
 *
 * @param reason why, as far as the monitor said
 * @param exitCode the process's exit status, 128 + n for signal n, or -1 if it was never spawned
 * @param detail one line for people
 */
public record VmmExit(Reason reason, int exitCode, String detail) {
    /** Why a monitor ended. */
    public enum Reason {
        /** The guest powered off. */
        GUEST_POWEROFF,
        /** The guest asked for a reset. With the {@code panic=-1} of our command line a panic ends like that too. */
        GUEST_RESET,
        /** The guest's kernel panicked: by the monitor's own word, or by the console's at a reset. */
        GUEST_PANIC,
        /** We asked it to quit, before or after it ran. */
        REQUESTED,
        /** It was killed, crashed, or left for no stated reason. */
        CRASHED,
        /** Its control connection was lost while it ran on, so we killed it. */
        CONNECTION_LOST,
        /** It could not be spawned or refused its arguments. */
        NOT_STARTED
    }
}
