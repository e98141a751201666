package vmette.config.fleet;

/**
 * One mistake in a file.
 *
 * @param where {@code FILE:LINE}
 * @param what the key and what it was given
 * @param why what is wrong with it
 * @param remedy what to do
 */
public record ConfigProblem(String where, String what, String why, String remedy) {
    /** All on one line. */
    @Override
    public String toString() {
        return where + ": " + what + " " + why + ": " + remedy;
    }
}
