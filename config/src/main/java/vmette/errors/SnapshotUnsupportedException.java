package vmette.errors;

/** This VM, or its monitor, has no snapshots ({@link Status#SNAPSHOT_UNSUPPORTED}). */
public final class SnapshotUnsupportedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public SnapshotUnsupportedException(String message) {
        super(Status.SNAPSHOT_UNSUPPORTED, message, null);
    }
}
