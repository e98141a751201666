package vmette.group;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.VmPlan;

/** Which VM and which group is in which group, for one deployment. Made anew for another one, from nodes that stay and new ones. */
final class Wiring {
    private final Deployment deployment;
    private final GroupNode top = new GroupNode("", GroupRules.OF_NO_GROUP, Optional.empty());
    private final Map<String, VmNode> vms = new HashMap<>();
    private final Map<String, GroupNode> groups = new HashMap<>();
    private final Map<String, GroupNode> parents = new HashMap<>();

    private Wiring(Deployment deployment) {
        this.deployment = deployment;
    }

    /** Of nothing. */
    static Wiring empty() {
        return new Wiring(Deployment.EMPTY);
    }

    /**
     * That of another deployment; what is to be otherwise in it has ended.
     *
     * @param again VMs that are to run again though they are over as they should be
     */
    Wiring to(Deployment other, Set<String> again, Orders orders) {
        Wiring next = new Wiring(other);
        next.top.inherit(top);
        Map<String, VmPlan> plans = new HashMap<>();
        other.vms().forEach(plan -> plans.put(plan.name(), plan));
        next.fill(next.top, other.roots(), plans, this, orders);
        again.stream()
                .filter(next.vms::containsKey)
                .forEach(name -> next.vms.get(name).clearOver());
        other.groups().keySet().stream()
                .sorted(Comparator.comparing(next::depth))
                .forEach(name -> next.groups.get(name).fitIn(next.parents.get(name), isNew(name)));
        return next;
    }

    private boolean isNew(String group) {
        return !groups.containsKey(group) || groups.get(group).over().isPresent();
    }

    private int depth(String group) {
        int depth = 0;
        for (GroupNode above = parents.get(group); !above.isTop(); above = parents.get(above.name())) {
            depth++;
        }
        return depth;
    }

    private void fill(GroupNode parent, List<String> names, Map<String, VmPlan> plans, Wiring former, Orders orders) {
        for (String name : names) {
            VmPlan plan = plans.get(name);
            Node child;
            if (plan == null) {
                GroupPlan group = deployment.groups().get(name);
                GroupNode made = new GroupNode(name, GroupRules.of(group), Optional.of(parent));
                if (!former.isNew(name)) {
                    made.inherit(former.groups.get(name));
                }
                groups.put(name, made);
                child = made;
                fill(made, group.children(), plans, former, orders);
            } else {
                VmNode vm = vm(plan, Optional.ofNullable(former.vms.get(name)), orders);
                vms.put(name, vm);
                child = vm;
            }
            parent.children().add(child);
            parents.put(name, parent);
        }
    }

    private static VmNode vm(VmPlan plan, Optional<VmNode> former, Orders orders) {
        if (former.isEmpty() || former.get().isRetired()) {
            return new VmNode(plan);
        }
        VmNode vm = former.get();
        if (!vm.plan().recovery().equals(plan.recovery()) && vm.phase() != VmNode.Phase.ABSENT) {
            orders.resupervise(plan);
        }
        vm.replan(plan);
        if (vm.over().flatMap(Node.Over::failure).isPresent()) {
            vm.clearOver();
        }
        if (vm.phase() == VmNode.Phase.ABSENT) {
            vm.forgetReady();
        }
        return vm;
    }

    Deployment deployment() {
        return deployment;
    }

    /** What stands above those of no group. */
    GroupNode top() {
        return top;
    }

    Map<String, VmNode> vms() {
        return vms;
    }

    Map<String, GroupNode> groups() {
        return groups;
    }

    /** What is to be told of the end of a VM or group. */
    GroupNode parent(String name) {
        return parents.get(name);
    }

    Optional<Node> find(String name) {
        Node vm = vms.get(name);
        return Optional.ofNullable(vm == null ? groups.get(name) : vm);
    }

    /** The outermost group that is over, of those around a VM or group and itself. */
    Optional<GroupNode> outermostOver(String name) {
        Optional<GroupNode> found = Optional.empty();
        Optional<GroupNode> each =
                Optional.ofNullable(groups.get(name)).or(() -> Optional.ofNullable(parents.get(name)));
        while (each.isPresent()) {
            found = each.get().over().isPresent() ? each : found;
            each = each.get().parent();
        }
        return found;
    }
}
