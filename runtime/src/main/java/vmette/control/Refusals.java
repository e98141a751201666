package vmette.control;

import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.GuestFileException;
import vmette.errors.InvalidConfigException;
import vmette.errors.ProgramNotRunException;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;

/** Failures on their way over a control connection. */
final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
    private static final String NOT_THERE = "ENOENT";
    private static final String PROGRAM_MISSING = "PROGRAM_MISSING";
    private static final String PROGRAM_REFUSED = "PROGRAM_REFUSED";
    private static final int MAX_MESSAGE = 16_000;

    private Refusals() {}

    /** What the client is told. */
    static ControlFrame.Failed of(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof GuestFileException file) {
            return new ControlFrame.Failed(file.reason(), cut(file.getMessage()));
        }
        if (cause instanceof ProgramNotRunException program) {
            return new ControlFrame.Failed(
                    program.isMissing() ? PROGRAM_MISSING : PROGRAM_REFUSED, cut(program.getMessage()));
        }
        if (cause instanceof VmetteException known) {
            return new ControlFrame.Failed(known.status().name(), cut(known.getMessage()));
        }
        LOG.warn("an operation of a control connection failed", failure);
        return new ControlFrame.Failed("INTERNAL", cut("the runtime failed: " + cause));
    }

    private static String cut(String message) {
        return message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) + "..." : message;
    }

    /** What the client makes of it. */
    static VmetteException toException(ControlFrame.Failed failed) {
        if (failed.reason().equals(Status.INVALID_CONFIG.name())) {
            return new InvalidConfigException(failed.message());
        }
        return switch (failed.reason()) {
            case NOT_THERE -> new NotThereException(failed.message());
            case PROGRAM_MISSING, PROGRAM_REFUSED ->
                new ProgramNotRunException(failed.message(), failed.reason().equals(PROGRAM_MISSING));
            default -> new VmetteIoException(failed.message());
        };
    }
}
