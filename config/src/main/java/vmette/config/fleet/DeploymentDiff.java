package vmette.config.fleet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import vmette.errors.InvalidConfigException;

/**
 * The way from one deployment to another. VMs are known by their names: one that is named otherwise is stopped, and another one started.
 *
 * @param stop what is not to be any more, in the order of stopping: the reverse of the old deployment's
 * @param replace what is to be otherwise, in the order of starting; stopping goes in the reverse one
 * @param start what is new, in the order of starting
 * @param unchanged what may go on as it is, in the order of starting
 * @param oldGroups the groups as they were
 * @param groups as they are to be
 * @param roots of the new deployment; their order means nothing to those that run already
 */
public record DeploymentDiff(
        List<VmPlan> stop,
        List<Replacement> replace,
        List<VmPlan> start,
        List<VmPlan> unchanged,
        Map<String, GroupPlan> oldGroups,
        Map<String, GroupPlan> groups,
        List<String> roots) {
    /** Takes what is given. */
    public DeploymentDiff {
        stop = List.copyOf(stop);
        replace = List.copyOf(replace);
        start = List.copyOf(start);
        unchanged = List.copyOf(unchanged);
        oldGroups = Map.copyOf(oldGroups);
        groups = Map.copyOf(groups);
        roots = List.copyOf(roots);
    }

    /** Compares two deployments. */
    public static DeploymentDiff between(Deployment from, Deployment to) {
        Map<String, VmPlan> before = byName(from);
        Map<String, VmPlan> after = byName(to);
        List<VmPlan> stop = new ArrayList<>(from.vms());
        stop.removeIf(vm -> after.containsKey(vm.name()));
        Collections.reverse(stop);
        List<Replacement> replace = new ArrayList<>();
        List<VmPlan> start = new ArrayList<>();
        List<VmPlan> unchanged = new ArrayList<>();
        for (VmPlan vm : to.vms()) {
            VmPlan old = before.get(vm.name());
            if (old == null) {
                start.add(vm);
            } else if (old.equals(vm)) {
                unchanged.add(vm);
            } else {
                replace.add(new Replacement(old, vm));
            }
        }
        return new DeploymentDiff(stop, replace, start, unchanged, from.groups(), to.groups(), to.roots());
    }

    /** Whether nothing is to be done: no VM is otherwise, and no group. */
    public boolean isEmpty() {
        return stop.isEmpty() && replace.isEmpty() && start.isEmpty() && oldGroups.equals(groups);
    }

    /** Names of groups that are new, gone, or otherwise in strategy, limits, parent or children. */
    public Set<String> changedGroups() {
        Set<String> names = new TreeSet<>(oldGroups.keySet());
        names.addAll(groups.keySet());
        names.removeIf(name -> groups.containsKey(name) && groups.get(name).equals(oldGroups.get(name)));
        return names;
    }

    /**
     * What the old deployment becomes by it.
     *
     * @throws InvalidConfigException if this is not the deployment that was compared
     */
    public Deployment applyTo(Deployment from) {
        Map<String, VmPlan> vms = byName(from);
        for (VmPlan gone : stop) {
            expect(gone, vms.remove(gone.name()));
        }
        for (Replacement replacement : replace) {
            expect(replacement.from(), vms.put(replacement.name(), replacement.to()));
        }
        for (VmPlan same : unchanged) {
            expect(same, vms.get(same.name()));
        }
        if (vms.size() != replace.size() + unchanged.size() || !from.groups().equals(oldGroups)) {
            throw new InvalidConfigException("this is the way from another deployment: compare again");
        }
        start.forEach(vm -> vms.put(vm.name(), vm));
        return new Deployment(new ArrayList<>(vms.values()), groups, roots);
    }

    private static void expect(VmPlan expected, VmPlan found) {
        if (!expected.equals(found)) {
            throw new InvalidConfigException(
                    "this is the way from a deployment with another " + expected.name() + ": compare again");
        }
    }

    private static Map<String, VmPlan> byName(Deployment deployment) {
        return deployment.vms().stream()
                .collect(Collectors.toMap(VmPlan::name, vm -> vm, (a, b) -> b, LinkedHashMap::new));
    }
}
