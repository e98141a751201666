package vmette.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.DeploymentDiff;
import vmette.config.fleet.Difference;
import vmette.config.fleet.Replacement;
import vmette.config.fleet.VmPlan;
import vmette.control.Facts;
import vmette.vmm.GuestText;

/** What lies between two fleets: as it is sent, for people, and for programs. Pure. */
final class FleetSteps {
    private FleetSteps() {}

    /**
     * In the order of docs/control.md.
     *
     * @param again those of which nothing differs and that are started again, and why they do not run
     */
    static List<Facts> of(DeploymentDiff diff, Map<String, String> again, boolean otherSettings) {
        List<Facts> steps = new ArrayList<>();
        diff.stop().forEach(vm -> steps.add(Facts.of("step", "stop", "vm", vm.name())));
        for (Replacement replacement : diff.replace()) {
            steps.add(Facts.of("step", replacement.needsReboot() ? "replace" : "adjust", "vm", replacement.name()));
            for (Difference change : replacement.differences()) {
                steps.add(Facts.of(
                        "step",
                        "change",
                        "vm",
                        replacement.name(),
                        "key",
                        change.key(),
                        "from",
                        change.from(),
                        "to",
                        change.to()));
            }
        }
        diff.start().forEach(vm -> steps.add(Facts.of("step", "start", "vm", vm.name(), "detail", detail(vm))));
        again.forEach((vm, why) -> steps.add(Facts.of("step", "again", "vm", vm, "detail", why)));
        diff.changedGroups()
                .forEach(group -> steps.add(Facts.of("step", "group", "group", group, "change", change(diff, group))));
        long unchanged = diff.unchanged().stream()
                .filter(vm -> !again.containsKey(vm.name()))
                .count();
        if (unchanged > 0) {
            steps.add(Facts.of("step", "unchanged", "count", unchanged));
        }
        if (otherSettings) {
            steps.add(Facts.of("step", "settings"));
        }
        return steps;
    }

    /** What a file keeps ready beside its fleet. */
    static List<Facts> of(Collection<PoolPlan> pools) {
        return pools.stream()
                .map(pool -> Facts.of("step", "pool", "pool", pool.name(), "detail", detail(pool)))
                .toList();
    }

    private static String detail(PoolPlan pool) {
        PoolSettings settings = pool.settings();
        return settings.min() + " ready, " + settings.max() + " at most, each of "
                + pool.spec().memoryMib() + " MiB"
                + pool.spec().storage().rootfs().map(rootfs -> ", " + rootfs).orElse("");
    }

    private static String change(DeploymentDiff diff, String group) {
        if (!diff.groups().containsKey(group)) {
            return "gone";
        }
        return diff.oldGroups().containsKey(group) ? "changed" : "new";
    }

    private static String detail(VmPlan vm) {
        VmSpec spec = vm.spec();
        String memory = spec.memoryMib() + " MiB";
        String root = spec.storage().rootfs().map(rootfs -> ", " + rootfs).orElse("");
        return memory + root + vm.group().map(group -> ", group " + group).orElse("");
    }

    /** A line each. */
    static List<String> lines(List<Facts> steps) {
        return steps.stream().map(FleetSteps::line).toList();
    }

    private static String line(Facts step) {
        String vm = shown(step, "vm");
        return switch (step.text("step")) {
            case "stop" -> "- " + vm + "  is stopped";
            case "replace" -> "~ " + vm + "  is replaced";
            case "adjust" -> "~ " + vm + "  goes on, supervised otherwise";
            case "change" ->
                "    " + shown(step, "key") + ": "
                        + step.get("from").map(GuestText::printable).orElse("nothing") + " -> "
                        + step.get("to").map(GuestText::printable).orElse("nothing");
            case "start" -> "+ " + vm + "  is started: " + shown(step, "detail");
            case "again" -> "+ " + vm + "  is started again (" + shown(step, "detail") + ")";
            case "group" ->
                switch (step.text("change")) {
                    case "new" -> "+ group " + shown(step, "group");
                    case "gone" -> "- group " + shown(step, "group");
                    default -> "~ group " + shown(step, "group") + "  is otherwise";
                };
            case "unchanged" ->
                "  "
                        + step.number("count")
                                .map(count -> count == 1 ? "1 VM goes" : count + " VMs go")
                                .orElse("the rest goes")
                        + " on as before";
            case "pool" -> "+ pool " + shown(step, "pool") + "  is opened: " + shown(step, "detail");
            case "settings" ->
                "  settings of the runtime are otherwise, or its pools: they hold once the fleet was down and is up again";
            default -> "  " + shown(step, "step");
        };
    }

    private static String shown(Facts step, String name) {
        return GuestText.printable(step.text(name));
    }

    /** For programs. */
    static Map<String, Object> json(String fleet, List<Facts> steps) {
        return Json.object(
                "fleet", fleet,
                "stop", names(steps, "stop"),
                "replace", replaced(steps, "replace"),
                "adjust", replaced(steps, "adjust"),
                "start", names(steps, "start"),
                "startAgain", names(steps, "again"),
                "groups",
                        steps.stream()
                                .filter(step -> is(step, "group"))
                                .map(step -> step.text("group"))
                                .toList(),
                "pools",
                        steps.stream()
                                .filter(step -> is(step, "pool"))
                                .map(step -> step.text("pool"))
                                .toList(),
                "unchanged",
                        steps.stream()
                                .filter(step -> is(step, "unchanged"))
                                .flatMap(step -> step.number("count").stream())
                                .findFirst()
                                .orElse(0L),
                "settings", steps.stream().anyMatch(step -> is(step, "settings")));
    }

    private static boolean is(Facts step, String word) {
        return step.text("step").equals(word);
    }

    private static List<String> names(List<Facts> steps, String word) {
        return steps.stream()
                .filter(step -> is(step, word))
                .map(step -> step.text("vm"))
                .toList();
    }

    private static List<Map<String, Object>> replaced(List<Facts> steps, String word) {
        Map<String, List<Facts>> changes = steps.stream()
                .filter(step -> is(step, "change"))
                .collect(Collectors.groupingBy(step -> step.text("vm")));
        return names(steps, word).stream()
                .map(vm -> Json.object(
                        "vm",
                        vm,
                        "changes",
                        changes.getOrDefault(vm, List.of()).stream()
                                .map(change -> Json.object(
                                        "key", change.text("key"),
                                        "from", change.get("from"),
                                        "to", change.get("to")))
                                .toList()))
                .toList();
    }

    /** How many VMs the steps touch. */
    static Optional<String> summary(List<Facts> steps) {
        long started = names(steps, "start").size();
        long stopped = names(steps, "stop").size();
        long replaced = names(steps, "replace").size();
        List<String> parts = new ArrayList<>();
        add(parts, started, "to start");
        add(parts, names(steps, "again").size(), "to start again");
        add(parts, stopped, "to stop");
        add(parts, replaced, "to replace");
        return parts.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", parts));
    }

    private static void add(List<String> parts, long count, String what) {
        if (count > 0) {
            parts.add(count + " " + what);
        }
    }
}
