package vmette.errors;

/**
 * What kind of failure a caller sees; the numbers are those of the C ABI's {@code VmetteStatus}.
 *
 * <p>9 (NullArg) and 10 (InvalidUtf8) can only arise in C and have no Java counterpart.
 */
public enum Status {
    /** No failure. */
    OK(0),
    /** The caller asked for something that cannot be: refused before anything was started. */
    INVALID_CONFIG(1),
    /** The machine, the guest or a command in it did not start. */
    START_FAILED(2),
    /** A snapshot could not be restored. */
    RESTORE_FAILED(3),
    /** A snapshot could not be saved. */
    SAVE_FAILED(4),
    /** This VM or VMM has no snapshots. */
    SNAPSHOT_UNSUPPORTED(5),
    /** A boot or operation deadline passed. */
    TIMEOUT(6),
    /** A vsock connection failed. */
    VSOCK(7),
    /** The host refused: files, processes, memory, network. */
    IO(8);

    private final int code;

    Status(int code) {
        this.code = code;
    }

    /** The ABI's number, 0 to 8. */
    public int code() {
        return code;
    }
}
