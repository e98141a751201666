package vmette.libvmette;

/** How a run that came to an end of its own ended. */
public sealed interface RunEnd {
    /**
     * {@code vmette_run} has returned {@code Ok}.
     *
     * @param exitCode the command's; 124 after the timeout
     */
    record Returned(int exitCode) implements RunEnd {}

    /**
     * The library has ended its process by exit(3) instead of returning. Whether that was the command's status or the library's own trouble, only the library's manual says.
     *
     * @param status the process's, 0 to 255
     */
    record ProcessExited(int status) implements RunEnd {}
}
