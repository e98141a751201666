package vmette.config.fleet;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.errors.InvalidConfigException;

/**
 * What a fleet is to be. Immutable; names are unique, and groups and VMs make one forest.
 *
 * @param vms in the order in which they are started
 * @param groups by name
 * @param roots names of the VMs and groups that belong to no group, in the order in which they are started
 */
public record Deployment(List<VmPlan> vms, Map<String, GroupPlan> groups, List<String> roots) {
    /** More than one host could run. */
    public static final int MOST_VMS = 10_000;

    /** Groups in groups in groups; more are a mistake. */
    public static final int DEEPEST = 16;

    /** Nothing at all. */
    public static final Deployment EMPTY = new Deployment(List.of(), Map.of(), List.of());

    /**
     * Checks what is given, and puts the VMs in order.
     *
     * @throws InvalidConfigException if a name is there twice or nowhere, or groups go round in a circle
     */
    public Deployment {
        roots = List.copyOf(roots);
        groups = Map.copyOf(groups);
        Map<String, VmPlan> byName = new LinkedHashMap<>();
        for (VmPlan vm : vms) {
            if (byName.put(vm.name(), vm) != null || groups.containsKey(vm.name())) {
                throw new InvalidConfigException(
                        "the name " + vm.name() + " is there twice: each VM and group needs one of its own");
            }
        }
        if (byName.size() > MOST_VMS) {
            throw new InvalidConfigException(byName.size() + " VMs are too many: allowed are " + MOST_VMS);
        }
        vms = new Walk(byName, groups).from(roots);
    }

    /** The VM of this name. */
    public Optional<VmPlan> vm(String name) {
        return vms.stream().filter(vm -> vm.name().equals(name)).findFirst();
    }

    /** Visits every VM and every group once, children in their order. */
    private static final class Walk {
        private final Map<String, VmPlan> vms;
        private final Map<String, GroupPlan> groups;
        private final List<VmPlan> ordered = new ArrayList<>();
        private final Set<String> seen = new HashSet<>();

        Walk(Map<String, VmPlan> vms, Map<String, GroupPlan> groups) {
            this.vms = vms;
            this.groups = groups;
        }

        List<VmPlan> from(List<String> roots) {
            visit(roots, Optional.empty(), 0);
            vms.keySet().forEach(this::refuseUnlessSeen);
            groups.keySet().forEach(this::refuseUnlessSeen);
            return List.copyOf(ordered);
        }

        private void visit(List<String> names, Optional<String> parent, int depth) {
            if (depth > DEEPEST) {
                throw new InvalidConfigException("groups are more than " + DEEPEST + " deep: put some side by side");
            }
            for (String name : names) {
                if (!seen.add(name)) {
                    throw new InvalidConfigException(name + " is the child of two groups: take it out of one of them");
                }
                VmPlan vm = vms.get(name);
                GroupPlan group = groups.get(name);
                if (vm == null && group == null) {
                    throw new InvalidConfigException(name + " is no VM and no group: take it out");
                }
                if (!(vm == null ? group.parent() : vm.group()).equals(parent)) {
                    throw new InvalidConfigException(
                            name + " says that it belongs elsewhere than where it is: let both say the same");
                }
                if (vm == null) {
                    visit(group.children(), Optional.of(name), depth + 1);
                } else {
                    ordered.add(vm);
                }
            }
        }

        private void refuseUnlessSeen(String name) {
            if (!seen.contains(name)) {
                throw new InvalidConfigException(name + " is the child of nothing: put it into a group or the roots");
            }
        }
    }
}
