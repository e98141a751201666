package vmette.errors;

/** The guest could not run a command's program: it is not there, or no program ({@link Status#START_FAILED}). */
public final class ProgramNotRunException extends StartFailedException {
    private static final long serialVersionUID = 1L;

    private static final int NOT_EXECUTABLE = 126;
    private static final int NOT_FOUND = 127;

    private final boolean missing;

    /**
     * @param message what, where, why, and what to do
     * @param missing whether it is not there; if not, it cannot be executed
     */
    public ProgramNotRunException(String message, boolean missing) {
        super(message);
        this.missing = missing;
    }

    /** Whether it is not there. */
    public boolean isMissing() {
        return missing;
    }

    /** What a shell would end with: 127 for one that is not there, else 126. */
    public int exitCode() {
        return missing ? NOT_FOUND : NOT_EXECUTABLE;
    }
}
