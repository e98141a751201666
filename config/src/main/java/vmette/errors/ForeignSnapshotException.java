package vmette.errors;

/** A VM was not restored from a snapshot of another machine, such as one of another QEMU or kernel: another try would end the same way. */
public final class ForeignSnapshotException extends RestoreFailedException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public ForeignSnapshotException(String message) {
        super(message, null);
    }
}
