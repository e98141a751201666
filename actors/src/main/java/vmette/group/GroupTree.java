package vmette.group;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentDiff;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.VmPlan;
import vmette.errors.VmetteException;

/**
 * All groups of a fleet and its VMs. It is told what happens to VMs, gives orders, and holds:
 *
 * <ul>
 *   <li>what is to end ends from the right to the left, what is to be started is started from the left to the right, each when those before it are ready;
 *   <li>nothing is started in a group as long as something of it ends that the same restart wants to end;
 *   <li>a VM that was ordered to end is not started before it is heard of to have ended.
 * </ul>
 *
 * What it is told is numbered by the order that it answers; what answers an older order is dropped. Not for several threads.
 */
public final class GroupTree {
    private final Orders orders;
    private final InstantSource clock;
    private final Node.Numbers numbers = new Node.Numbers();
    private Deployment deployment = Deployment.EMPTY;
    private Optional<Deployment> coming = Optional.empty();
    private GroupNode top = new GroupNode("", GroupRules.OF_NO_GROUP, Optional.empty());
    private Map<String, VmNode> vms = new HashMap<>();
    private Map<String, GroupNode> groups = new HashMap<>();
    private Map<String, GroupNode> parents = new HashMap<>();
    private boolean closing;

    /** @param clock never goes back */
    public GroupTree(Orders orders, InstantSource clock) {
        this.orders = orders;
        this.clock = clock;
    }

    // ---- what its owner wants

    /**
     * Makes the fleet another one: stops what is not to be any more and what is to be otherwise, then starts what is not there. What had failed for good is
     * started anew. To be called only when it {@linkplain #isChanging() changes} no more.
     */
    public void change(Deployment to) {
        DeploymentDiff diff = DeploymentDiff.between(deployment, to);
        diff.stop().forEach(vm -> vms.get(vm.name()).retire());
        diff.replace().stream().filter(other -> other.needsReboot()).forEach(other -> vms.get(other.name())
                .retire());
        coming = Optional.of(to);
        settle();
    }

    /** Ends a VM or a group in order and begins it anew; one that is over, too. Not counted against anybody. */
    public void restart(String name) {
        Node node = find(name).orElseThrow();
        node.countRestart();
        Optional<GroupNode> over = outermostOver(name);
        if (over.isPresent()) {
            over.get().clearOver();
        } else {
            node.clearOver();
            if (node instanceof VmNode vm) {
                vm.keep();
            }
            node.doom(Node.Doom.HOLD, Orders.Because.OWNER);
        }
        settle();
    }

    /** Ends everything. */
    public void close() {
        closing = true;
        coming = Optional.empty();
        top.doom(Node.Doom.STOP, Orders.Because.OWNER);
        settle();
    }

    // ---- what happens

    /** An incarnation of a VM is ready. */
    public void cameUp(String name, long order, long incarnation) {
        VmNode vm = vms.get(name);
        if (vm != null && vm.order() == order && vm.runs()) {
            vm.cameUp(incarnation);
            settle();
        }
    }

    /** An incarnation of a VM has failed; nothing of it is left, and the VM waits for a word to go on. */
    public void failed(String name, long order, String line, VmetteException cause) {
        VmNode vm = vms.get(name);
        if (vm == null || vm.order() != order || !vm.runs()) {
            return;
        }
        boolean wasToEnd = vm.isComingDown();
        vm.noteFailure(line);
        vm.setPhase(VmNode.Phase.HELD);
        if (!wasToEnd) {
            parents.get(name)
                    .childEnded(
                            vm,
                            GroupRules.Ending.FAILED,
                            Optional.of(Reason.ofVm(name, line, cause)),
                            line,
                            clock.instant());
        }
        settle();
    }

    /** As ordered, nothing of a VM's incarnation is left. */
    public void held(String name, long order) {
        VmNode vm = vms.get(name);
        if (vm != null && vm.order() == order && vm.phase() == VmNode.Phase.HOLDING) {
            vm.setPhase(VmNode.Phase.HELD);
            settle();
        }
    }

    /**
     * A VM has ended, its supervisor too.
     *
     * @param launch the number of the order to launch it
     * @param failure why it was given up; empty: it ended as it should, or as it was told to
     */
    public void over(String name, long launch, String line, Optional<VmetteException> failure) {
        VmNode vm = vms.get(name);
        if (vm == null || vm.launchedBy() != launch || vm.phase() == VmNode.Phase.ABSENT) {
            return;
        }
        boolean wasToStop = vm.doom() == Node.Doom.STOP || vm.phase() == VmNode.Phase.STOPPING;
        boolean wasToEnd = vm.isComingDown();
        boolean isDropped = vm.isDropped();
        failure.ifPresent(cause -> vm.noteFailure(line));
        vm.setPhase(VmNode.Phase.ABSENT);
        if (wasToStop) {
            if (isDropped) {
                vm.setOver(new Node.Over(Optional.empty(), "it was stopped with its group"));
            }
        } else if (failure.isPresent()) {
            GroupRules.Ending ending =
                    vm.hasBeenReady() ? GroupRules.Ending.FAILED_FOR_GOOD : GroupRules.Ending.NEVER_READY;
            Reason reason = Reason.ofVm(name, line, failure.get());
            parents.get(name).childEnded(vm, ending, Optional.of(reason), line, clock.instant());
        } else if (!wasToEnd) {
            parents.get(name).childEnded(vm, GroupRules.Ending.ENDED, Optional.empty(), line, clock.instant());
        }
        settle();
    }

    // ---- what follows

    private void settle() {
        do {
            top.stopStep(orders, numbers);
        } while (passFailuresOn());
        if (coming.isPresent() && vms.values().stream().noneMatch(GroupTree::isLeaving)) {
            rewire(coming.get());
            coming = Optional.empty();
            top.stopStep(orders, numbers);
        }
        if (!closing) {
            top.startStep(orders, numbers, true);
        }
    }

    private static boolean isLeaving(VmNode vm) {
        return vm.isRetired() && vm.phase() != VmNode.Phase.ABSENT;
    }

    private boolean passFailuresOn() {
        boolean any = false;
        for (GroupNode group : groups.values()) {
            Optional<Reason> reason = group.failed();
            if (reason.isPresent()) {
                any = true;
                GroupNode parent = group.parent().orElseThrow();
                parent.childEnded(
                        group,
                        parent.isTop() ? GroupRules.Ending.FAILED_FOR_GOOD : GroupRules.Ending.FAILED,
                        reason,
                        reason.get().chain(),
                        clock.instant());
            }
        }
        return any;
    }

    /** Builds the tree anew from nodes that stay and new ones. */
    private void rewire(Deployment to) {
        Map<String, VmNode> formerVms = vms;
        Map<String, GroupNode> formerGroups = groups;
        GroupNode formerTop = top;
        deployment = to;
        vms = new HashMap<>();
        groups = new HashMap<>();
        parents = new HashMap<>();
        top = new GroupNode("", GroupRules.OF_NO_GROUP, Optional.empty());
        top.inherit(formerTop);
        Map<String, VmPlan> plans = new HashMap<>();
        to.vms().forEach(plan -> plans.put(plan.name(), plan));
        fill(top, to.roots(), plans, formerVms, formerGroups);
        to.groups().keySet().stream().sorted(Comparator.comparing(this::depth)).forEach(name -> groups.get(name)
                .fitIn(
                        parents.get(name),
                        !formerGroups.containsKey(name)
                                || formerGroups.get(name).over().isPresent()));
    }

    private int depth(String group) {
        int depth = 0;
        for (GroupNode above = parents.get(group); !above.isTop(); above = parents.get(above.name())) {
            depth++;
        }
        return depth;
    }

    private void fill(
            GroupNode parent,
            List<String> names,
            Map<String, VmPlan> plans,
            Map<String, VmNode> formerVms,
            Map<String, GroupNode> formerGroups) {
        for (String name : names) {
            VmPlan plan = plans.get(name);
            Node child;
            if (plan == null) {
                GroupPlan group = deployment.groups().get(name);
                GroupNode made = group(group, parent, Optional.ofNullable(formerGroups.get(name)));
                groups.put(name, made);
                child = made;
                fill(made, group.children(), plans, formerVms, formerGroups);
            } else {
                VmNode vm = vm(plan, Optional.ofNullable(formerVms.get(name)));
                vms.put(name, vm);
                child = vm;
            }
            parent.children().add(child);
            parents.put(name, parent);
        }
    }

    private static GroupNode group(GroupPlan plan, GroupNode parent, Optional<GroupNode> former) {
        GroupNode made = new GroupNode(plan.name(), GroupRules.of(plan), Optional.of(parent));
        former.filter(known -> known.over().isEmpty()).ifPresent(made::inherit);
        return made;
    }

    private VmNode vm(VmPlan plan, Optional<VmNode> former) {
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

    // ---- what there is

    private Optional<Node> find(String name) {
        Node vm = vms.get(name);
        return Optional.ofNullable(vm == null ? groups.get(name) : vm);
    }

    private Optional<GroupNode> outermostOver(String name) {
        Optional<GroupNode> found = Optional.empty();
        Optional<GroupNode> each =
                Optional.ofNullable(groups.get(name)).or(() -> Optional.ofNullable(parents.get(name)));
        while (each.isPresent()) {
            found = each.get().over().isPresent() ? each : found;
            each = each.get().parent();
        }
        return found;
    }

    /** What the fleet is, or is becoming. */
    public Deployment deployment() {
        return coming.orElse(deployment);
    }

    /** Whether a VM or group of this name is there. */
    public boolean has(String name) {
        return find(name).isPresent();
    }

    /** Whether what is not to be any more has not ended yet. */
    public boolean isChanging() {
        return coming.isPresent();
    }

    /** Whether nothing comes up or ends: each is ready, or over. */
    public boolean isSettled() {
        return coming.isEmpty() && top.isReady() && vms.values().stream().noneMatch(VmNode::isComingDown);
    }

    /** Whether a VM or group is ready or over, and not about to end; so is one that is not there. */
    public boolean isSettled(String name) {
        Optional<Node> node = find(name);
        return node.isEmpty()
                || (!node.get().isComingDown()
                        && (node.get().isReady() || outermostOver(name).isPresent()));
    }

    /** Why it is over, if it should not be; a group's reason is its VMs' as well. */
    public Optional<Reason> failure(String name) {
        return outermostOver(name)
                .<Node>map(group -> group)
                .or(() -> find(name))
                .flatMap(Node::over)
                .flatMap(Node.Over::failure);
    }

    /** Whether nothing runs, and nothing will. */
    public boolean isFinished() {
        boolean isGone = vms.values().stream().allMatch(vm -> vm.phase() == VmNode.Phase.ABSENT);
        return closing
                ? isGone
                : isGone
                        && coming.isEmpty()
                        && !vms.isEmpty()
                        && vms.values().stream()
                                .allMatch(vm -> vm.over().isPresent()
                                        || outermostOver(vm.name()).isPresent());
    }

    /**
     * Why what is over although it should not be is so, each group and VM once, in the order of starting.
     *
     * @param alsoOnceReady with VMs that had been ready
     */
    public List<Reason> failures(boolean alsoOnceReady) {
        List<Reason> reasons = new ArrayList<>();
        Set<String> told = new HashSet<>();
        for (VmPlan plan : deployment.vms()) {
            Optional<GroupNode> group = outermostOver(plan.name());
            if (group.isEmpty() && vms.get(plan.name()).hasBeenReady() && !alsoOnceReady) {
                continue;
            }
            failure(plan.name()).filter(reason -> told.add(reason.name())).ifPresent(reasons::add);
        }
        return reasons;
    }

    /** All of it, in the order of starting. */
    public List<MemberStatus> status() {
        return top.status().children();
    }
}
