package vmette.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vmette.control.Facts;
import vmette.vmm.GuestText;

/** VMs for people and for programs. Pure. */
final class PsTable {
    private static final Set<String> OVER = Set.of("ended");
    private static final List<String> HEAD =
            List.of("NAME", "STATE", "INC", "UP", "REC", "MEMORY", "PORTS", "GROUP", "FLEET", "LAST FAILURE");
    private static final int MOST_SHOWN = 240;

    private final List<Facts> vms;
    private final Instant now;

    PsTable(List<Facts> vms, boolean all, Instant now) {
        this.vms = vms.stream()
                .filter(vm -> all || !OVER.contains(vm.text("state")))
                .sorted(Comparator.comparing(vm -> vm.text("name")))
                .toList();
        this.now = now;
    }

    List<String> lines() {
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        vms.forEach(vm -> rows.add(row(vm)));
        return Columns.aligned(rows);
    }

    private List<String> row(Facts vm) {
        return List.of(
                shown(vm, "name"),
                shown(vm, "state"),
                vm.number("incarnation").map(Object::toString).orElse(""),
                up(vm).map(Spans::text).orElse(""),
                vm.number("recoveries").map(Object::toString).orElse(""),
                vm.number("memory-mib").map(mib -> mib + " MiB").orElse(""),
                shown(vm, "ports"),
                shown(vm, "group"),
                shown(vm, "fleet"),
                failure(vm));
    }

    /** The last one, and why it is the last. */
    private static String failure(Facts vm) {
        String all = Stream.of(shown(vm, "failure"), shown(vm, "reason"))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(", "));
        return all.length() > MOST_SHOWN ? all.substring(0, MOST_SHOWN) + "..." : all;
    }

    private static List<Map<String, Object>> ports(Facts vm) {
        return Pattern.compile("([0-9]{1,5}):([0-9]{1,5})")
                .matcher(vm.text("ports"))
                .results()
                .map(port ->
                        Json.object("host", Integer.parseInt(port.group(1)), "guest", Integer.parseInt(port.group(2))))
                .toList();
    }

    private static String shown(Facts vm, String name) {
        return GuestText.printable(vm.text(name));
    }

    private Optional<Duration> up(Facts vm) {
        try {
            return vm.get("ready").map(ready -> Duration.between(Instant.parse(ready), now));
        } catch (DateTimeException none) {
            return Optional.empty();
        }
    }

    List<Map<String, Object>> json() {
        return vms.stream()
                .map(vm -> Json.object(
                        "name", vm.get("name"),
                        "state", vm.get("state"),
                        "incarnation", vm.number("incarnation"),
                        "since", vm.get("since"),
                        "upSeconds", up(vm).map(Duration::toSeconds),
                        "recoveries", vm.number("recoveries"),
                        "memoryMib", vm.number("memory-mib"),
                        "group", vm.get("group"),
                        "fleet", vm.get("fleet"),
                        "ports", ports(vm),
                        "lastFailure", vm.get("failure"),
                        "reason", vm.get("reason")))
                .toList();
    }
}
