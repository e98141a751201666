package vmette.qemu;

import vmette.vmm.GuestText;

/** QEMU understood a QMP command and refused it. */
public final class QmpException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String errorClass;
    private final String description;

    /**
     * @param command the command refused
     * @param errorClass QMP's class of errors, mostly {@code GenericError}
     * @param description what QEMU said
     */
    public QmpException(String command, String errorClass, String description) {
        super(GuestText.printable("QEMU refused " + command + ": " + description + " (" + errorClass + ")"));
        this.errorClass = errorClass;
        this.description = description;
    }

    /** QMP's class of errors: {@code GenericError}, {@code CommandNotFound}, {@code DeviceNotFound} and others. */
    public String errorClass() {
        return errorClass;
    }

    /** What QEMU said, for people. */
    public String description() {
        return description;
    }
}
