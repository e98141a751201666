package vmette.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import vmette.ExitStatus;
import vmette.errors.Status;

/** What is told to programs: one JSON object a line, each with an {@code event}. docs/cli.md lists them. */
final class Report {
    private Report() {}

    static String notice(String message) {
        return Json.line(Json.object("event", "notice", "message", message));
    }

    /**
     * The end of a command that failed.
     *
     * @param status empty for a bug
     */
    static String failed(String message, Optional<Status> status, int exitCode) {
        return Json.line(Json.object(
                "event",
                "failed",
                "status",
                status.map(Status::name),
                "statusCode",
                status.map(Status::code),
                "message",
                message,
                "exitCode",
                exitCode));
    }

    /** The end of a run whose command, or whose timeout, ended it. */
    static String exited(ExitStatus status) {
        Map<String, Object> event = Json.object(
                "event", "exited",
                "reason", status.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                "exitCode", status.code());
        status.signal().ifPresent(signal -> event.put("signal", signal.number()));
        event.put("oomKilled", status.oomKilled());
        return Json.line(event);
    }
}
