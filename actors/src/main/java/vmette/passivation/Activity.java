package vmette.passivation;

/**
 * What goes on in an incarnation, at one look.
 *
 * @param open how much of it is open: commands that run, connections, questions to its agent
 * @param begun how many of those have been begun so far; never goes back
 * @param occupied whether the runtime itself is at something there, a save or a health check, which is no use of it but has to be over first
 */
public record Activity(long open, long begun, boolean occupied) {
    /** Checks what is given. */
    public Activity {
        if (open < 0 || begun < 0) {
            throw new IllegalArgumentException(open + " open of " + begun);
        }
    }

    /** Whether nothing is open, nothing has been begun since and nothing is to be waited for. */
    public boolean isQuietSince(long earlier) {
        return open == 0 && begun == earlier && !occupied;
    }
}
