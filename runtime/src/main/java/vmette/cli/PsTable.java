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
import vmette.control.Facts;
import vmette.vmm.GuestText;

/** VMs for people and for programs. Pure. */
final class PsTable {
    private static final Set<String> OVER = Set.of("ended", "given-up", "failed");
    private static final List<String> HEAD =
            List.of("NAME", "STATE", "LIFE", "UP", "REC", "MEMORY", "GROUP", "FLEET", "LAST FAILURE");

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
        List<Integer> widths = new ArrayList<>();
        for (int column = 0; column < HEAD.size(); column++) {
            int at = column;
            widths.add(rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0));
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static String line(List<String> row, List<Integer> widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.size(); column++) {
            line.append(row.get(column))
                    .append(" ".repeat(widths.get(column) - row.get(column).length() + 2));
        }
        return line.toString().stripTrailing();
    }

    private List<String> row(Facts vm) {
        return List.of(
                shown(vm, "name"),
                shown(vm, "state"),
                vm.number("incarnation").map(Object::toString).orElse(""),
                up(vm).map(Spans::text).orElse(""),
                vm.number("recoveries").map(Object::toString).orElse(""),
                vm.number("memory-mib").map(mib -> mib + " MiB").orElse(""),
                shown(vm, "group"),
                shown(vm, "fleet"),
                shown(vm, "failure"));
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
                        "lastFailure", vm.get("failure")))
                .toList();
    }
}
