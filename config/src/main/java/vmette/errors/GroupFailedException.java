package vmette.errors;

/** A group of VMs was given up; its message names the chain down to the failure of a VM, which is the cause and whose status it has. */
public class GroupFailedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what, where, why, and what to do
     * @param cause the VM's failure
     */
    public GroupFailedException(String message, VmetteException cause) {
        super(cause.status(), message, cause);
    }
}
