package vmette.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.control.Facts;
import vmette.vmm.GuestText;

/** What happened, for people and for programs. Pure. */
final class EventLines {
    private static final Set<String> NUMBERS = Set.of(
            "incarnation",
            "count",
            "boot-ms",
            "age-ms",
            "stood-still-ms",
            "memory-bytes",
            "took-ms",
            "passive-ms",
            "stepped-ms",
            "late-us",
            "clock-us",
            "entropy-us",
            "instance-us",
            "hostname-us",
            "environment-us");

    private EventLines() {}

    /** With its time. */
    static String dated(Facts event) {
        return event.get("at").map(at -> at + "  ").orElse("") + text(event);
    }

    /** Without. */
    static String text(Facts event) {
        String vm = GuestText.printable(event.text("vm"));
        String which = event.number("incarnation")
                .filter(number -> number > 1)
                .map(number -> " (incarnation " + number + ")")
                .orElse("");
        return switch (event.text("event")) {
            case "launched" -> vm + " is launched";
            case "began" ->
                vm + which + " begins, " + GuestText.printable(event.text("from"))
                        + event.number("age-ms")
                                .map(ms -> ", " + Spans.text(Duration.ofMillis(Math.max(0, ms))) + " old")
                                .orElse("");
            case "saved" ->
                vm + which + " is saved as " + GuestText.printable(event.text("snapshot")) + " and stood still for "
                        + Spans.text(
                                Duration.ofMillis(event.number("stood-still-ms").orElse(0L)));
            case "passivated" ->
                vm + which + " is passive: " + (event.number("memory-bytes").orElse(0L) >> 20) + " MiB were saved"
                        + took(event);
            case "not-passivated" -> vm + which + " is not passivated: " + GuestText.printable(event.text("reason"));
            case "woken" ->
                vm + which + " is woken by " + GuestText.printable(event.text("by"))
                        + event.number("passive-ms")
                                .map(ms -> " after " + Spans.text(Duration.ofMillis(Math.max(0, ms))))
                                .orElse("")
                        + took(event);
            case "ready" ->
                vm + which + " is ready"
                        + event.number("boot-ms")
                                .map(ms -> " after " + Spans.text(Duration.ofMillis(ms)))
                                .orElse("")
                        + event.get("memory")
                                .map(mode -> ", its memory by " + GuestText.printable(mode))
                                .orElse("");
            case "stopping" -> vm + which + stopping(event);
            case "failed" -> GuestText.printable(event.get("text").orElse(vm + " has failed"));
            case "ended" ->
                vm + " has ended" + how(event)
                        + event.get("failure")
                                .map(word -> " (" + GuestText.printable(word) + ")")
                                .orElse("")
                        + event.get("because")
                                .map(why -> ", because " + GuestText.printable(why))
                                .orElse("");
            case "foreign-golden" -> GuestText.printable(event.text("text"));
            case "missed" -> event.number("count").orElse(0L) + " events were missed";
            default -> (vm + which + " " + GuestText.printable(event.text("event"))).strip();
        };
    }

    private static String took(Facts event) {
        return event.number("took-ms")
                .map(ms -> ", in " + Spans.text(Duration.ofMillis(Math.max(0, ms))))
                .orElse("");
    }

    private static String how(Facts event) {
        return event.get("how")
                .map(word -> ": " + GuestText.printable(word.replace('-', ' ')))
                .orElse("");
    }

    private static String stopping(Facts event) {
        return switch (event.text("how")) {
            case "" -> " is being restarted";
            case "stopped" -> " is being stopped";
            case "timed-out" -> " is being stopped: its timeout has passed";
            case "completed" -> " powers off: its service has completed";
            default -> " is stopping" + how(event);
        };
    }

    /** One line. */
    static String json(Facts event) {
        Map<String, Object> members = new LinkedHashMap<>();
        event.values().forEach((name, value) -> {
            Optional<Long> number = NUMBERS.contains(name) ? event.number(name) : Optional.empty();
            members.put(camel(name), number.isPresent() ? number.get() : value);
        });
        return Json.line(members);
    }

    private static String camel(String name) {
        int dash = name.indexOf('-');
        return dash < 0 || dash + 1 == name.length()
                ? name
                : name.substring(0, dash) + Character.toUpperCase(name.charAt(dash + 1)) + name.substring(dash + 2);
    }
}
