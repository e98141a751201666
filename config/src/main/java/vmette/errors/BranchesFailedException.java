package vmette.errors;

import java.util.List;

/** Each branch that an element was given to failed; why is in {@link #getSuppressed()}, in the order of the alternatives ({@link Status#IO}). */
public final class BranchesFailedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param reasons one for each branch, at least one */
    public BranchesFailedException(List<Throwable> reasons) {
        super(
                Status.IO,
                (reasons.size() == 1 ? "the only branch" : "each of " + reasons.size() + " branches")
                        + " failed, the first with: " + reason(reasons.get(0)),
                reasons.get(0));
        reasons.forEach(this::addSuppressed);
    }

    private static String reason(Throwable failure) {
        return failure instanceof Exception known ? Reasons.of(known) : failure.toString();
    }
}
