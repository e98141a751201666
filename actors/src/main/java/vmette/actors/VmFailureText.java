package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import vmette.config.Durations;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VsockLostException;
import vmette.recovery.Decision;
import vmette.vmm.VmmExit;

/** A failure in words, for callers and for logs. */
final class VmFailureText {
    /** How many console lines a message carries. */
    private static final int LINES = 8;

    /** Exit statuses above are 128 + the number of a signal. */
    private static final int SIGNALLED = 128;

    private VmFailureText() {}

    static VmetteException exception(VmFailure failure) {
        VmFailure.Cause cause = failure.cause();
        if (cause instanceof VmFailure.NotStarted notStarted) {
            return notStarted.reason();
        }
        String message = "VM " + failure.vm() + (failure.wasReady() ? " was lost: " : " did not start: ") + cause.text()
                + console(failure);
        Throwable thrown = cause instanceof VmFailure.Internal internal ? internal.thrown() : null;
        if (cause instanceof VmFailure.RestoreFailed restore) {
            return new RestoreFailedException(
                    message, restore.why() instanceof VmFailure.NotStarted reason ? reason.reason() : null);
        }
        if (cause instanceof VmFailure.BootDeadline) {
            return new OperationTimeoutException(message);
        }
        if (!failure.wasReady()) {
            return new StartFailedException(message, thrown);
        }
        return cause instanceof VmFailure.DeviceBroken
                ? new VsockLostException(message)
                : new VmLostException(message, thrown);
    }

    static String word(VmFailure failure) {
        Optional<VmmExit> exit = failure.exit().filter(known -> known.exitCode() >= 0);
        if (!(failure.cause() instanceof VmFailure.MonitorExited) || exit.isEmpty()) {
            return failure.cause().word();
        }
        int status = exit.get().exitCode();
        return failure.cause().word()
                + (status > SIGNALLED ? "(" + (status - SIGNALLED) + ")" : "(status " + status + ")");
    }

    static String line(VmFailure failure) {
        StringBuilder line = new StringBuilder("VM ").append(failure.vm());
        line.append(", incarnation ").append(failure.incarnation());
        failure.life().ifPresent(life -> line.append(" (").append(lived(life)).append(")"));
        line.append(": ").append(word(failure));
        line.append(": ").append(failure.cause().text().lines().findFirst().orElse(""));
        failure.next().ifPresent(next -> line.append("; ").append(next.text()));
        return line.toString();
    }

    private static String lived(VmFailure.Life life) {
        return life.from().text() + ", "
                + life.ready()
                        .map(since -> "ready for " + rounded(life.readyFor()))
                        .orElseGet(() -> "not ready after " + rounded(Duration.between(life.started(), life.failed())));
    }

    private static String rounded(Duration duration) {
        return Durations.text(Duration.ofMillis(duration.toMillis()));
    }

    static String report(VmFailure failure) {
        StringBuilder report = new StringBuilder("VM ").append(failure.vm());
        report.append(failure.wasReady() ? " was lost" : " did not start");
        field(report, "cause", word(failure) + ": " + failure.cause().text().replace("\n", "\n              "));
        field(report, "incarnation", String.valueOf(failure.incarnation()));
        failure.life().ifPresent(life -> {
            field(report, "begun", life.started() + ", " + life.from().text());
            field(report, "ready", life.ready().map(String::valueOf).orElse("never"));
            field(report, "failed", life.failed() + " (" + lived(life) + ")");
        });
        failure.exit()
                .ifPresent(exit -> field(
                        report, "monitor", exit.reason() + ", exit status " + exit.exitCode() + ": " + exit.detail()));
        failure.next().ifPresent(next -> {
            field(report, "next", next.text());
            discarded(report, next);
        });
        return report + console(failure);
    }

    private static void discarded(StringBuilder report, Decision next) {
        if (!next.discard().isEmpty()) {
            field(report, "discarded", "snapshots that cannot be restored: " + String.join(", ", next.discard()));
        }
    }

    private static void field(StringBuilder report, String name, String value) {
        report.append("\n  ")
                .append(name)
                .append(" ".repeat(12 - name.length()))
                .append(value);
    }

    private static String console(VmFailure failure) {
        if (failure.console().isEmpty()) {
            return "";
        }
        StringBuilder lines = new StringBuilder("\nlast console lines:");
        failure.console().stream()
                .skip(Math.max(0, failure.console().size() - LINES))
                .forEach(line -> lines.append("\n  ").append(line));
        return lines.toString();
    }
}
