package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One name of {@code vmette.fleet}: a VM, or as many as it counts.
 *
 * @param section where it stands
 * @param count how many, if it says so
 * @param group what it says itself
 * @param whole with all that it inherits
 * @param body what that comes to
 */
record Entry(NamedSection section, Optional<Integer> count, Optional<String> group, Config whole, Body body) {
    /** Its VMs', in order: its own, or {@code NAME-1} and so on where it has a count, whichever. */
    List<String> names() {
        return count.map(most -> IntStream.rangeClosed(1, most)
                        .mapToObj(i -> section.name() + "-" + i)
                        .toList())
                .orElse(List.of(section.name()));
    }

    /**
     * All of it, with what is said of it and not by it: how many it is, and where it belongs.
     *
     * @param member the name of its group, and where that is said
     */
    Config shown(Optional<ConfigValue> member) {
        Config shown = section.only("template", "count").withFallback(whole);
        return member.map(name -> shown.withValue("group", name)).orElse(shown);
    }

    /** Its VMs. */
    List<VmPlan> plans(Optional<String> member) {
        return names().stream()
                .map(name -> new VmPlan(
                        name, body.spec().toBuilder().name(name).build(), body.recovery(), member, body.run()))
                .toList();
    }
}
