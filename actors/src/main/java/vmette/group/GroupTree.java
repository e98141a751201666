package vmette.group;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentDiff;
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
    private Wiring wiring = Wiring.empty();
    private Optional<Deployment> coming = Optional.empty();
    private Set<String> comingAgain = Set.of();
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
     *
     * @param again VMs that are started again as well, if they are over as they should be
     */
    public void change(Deployment to, Set<String> again) {
        DeploymentDiff diff = DeploymentDiff.between(wiring.deployment(), to);
        diff.stop().forEach(vm -> wiring.vms().get(vm.name()).retire());
        diff.replace().stream()
                .filter(other -> other.needsReboot())
                .forEach(other -> wiring.vms().get(other.name()).retire());
        coming = Optional.of(to);
        comingAgain = Set.copyOf(again);
        settle();
    }

    /** Ends a VM or a group in order and begins it anew; one that is over, too. Not counted against anybody. */
    public void restart(String name) {
        Node node = wiring.find(name).orElseThrow();
        node.countRestart();
        Optional<GroupNode> over = wiring.outermostOver(name);
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
        wiring.top().doom(Node.Doom.STOP, Orders.Because.OWNER);
        settle();
    }

    // ---- what happens

    /** An incarnation of a VM is ready. */
    public void cameUp(String name, long order, long incarnation) {
        VmNode vm = wiring.vms().get(name);
        if (vm != null && vm.order() == order && vm.runs()) {
            vm.cameUp(incarnation);
            settle();
        }
    }

    /** An incarnation of a VM has failed; nothing of it is left, and the VM waits for a word to go on. */
    public void failed(String name, long order, String line, VmetteException cause) {
        VmNode vm = wiring.vms().get(name);
        if (vm == null || vm.order() != order || !vm.runs()) {
            return;
        }
        boolean wasToEnd = vm.isComingDown();
        vm.noteFailure(line);
        vm.setPhase(VmNode.Phase.HELD);
        if (!wasToEnd) {
            wiring.parent(name)
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
        VmNode vm = wiring.vms().get(name);
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
        VmNode vm = wiring.vms().get(name);
        if (vm == null || vm.launchedBy() != launch || vm.phase() == VmNode.Phase.ABSENT) {
            return;
        }
        boolean wasToStop = vm.doom() == Node.Doom.STOP || vm.phase() == VmNode.Phase.STOPPING;
        boolean wasToEnd = vm.isComingDown();
        boolean isDropped = vm.isDropped();
        Orders.Because because = vm.why();
        failure.ifPresent(cause -> vm.noteFailure(line));
        vm.setPhase(VmNode.Phase.ABSENT);
        if (wasToStop) {
            if (isDropped) {
                String why = because.told().orElse("its group was restarted");
                vm.setOver(new Node.Over(Optional.empty(), "it was stopped because " + why));
            }
        } else if (failure.isPresent()) {
            GroupRules.Ending ending =
                    vm.hasBeenReady() ? GroupRules.Ending.FAILED_FOR_GOOD : GroupRules.Ending.NEVER_READY;
            Reason reason = Reason.ofVm(name, line, failure.get());
            wiring.parent(name).childEnded(vm, ending, Optional.of(reason), line, clock.instant());
        } else if (!wasToEnd) {
            wiring.parent(name).childEnded(vm, GroupRules.Ending.ENDED, Optional.empty(), line, clock.instant());
        }
        settle();
    }

    // ---- what follows

    private void settle() {
        stopWhatIsToEnd();
        if (coming.isPresent() && wiring.vms().values().stream().noneMatch(GroupTree::isLeaving)) {
            wiring = wiring.to(coming.get(), comingAgain, orders);
            coming = Optional.empty();
            stopWhatIsToEnd();
        }
        if (!closing) {
            wiring.top().startStep(orders, numbers, true);
        }
    }

    private void stopWhatIsToEnd() {
        do {
            wiring.top().stopStep(orders, numbers);
        } while (passFailuresOn());
    }

    private static boolean isLeaving(VmNode vm) {
        return vm.isRetired() && vm.phase() != VmNode.Phase.ABSENT;
    }

    private boolean passFailuresOn() {
        boolean any = false;
        for (GroupNode group : wiring.groups().values()) {
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

    // ---- what there is

    /** What the fleet is, or is becoming. */
    public Deployment deployment() {
        return coming.orElse(wiring.deployment());
    }

    /** Whether a VM or group of this name is there. */
    public boolean has(String name) {
        return wiring.find(name).isPresent();
    }

    /** Whether what is not to be any more has not ended yet. */
    public boolean isChanging() {
        return coming.isPresent();
    }

    /** Whether nothing comes up or ends: each is ready, or over. */
    public boolean isSettled() {
        return coming.isEmpty()
                && wiring.top().isReady()
                && wiring.vms().values().stream().noneMatch(VmNode::isComingDown);
    }

    /** Whether a VM or group is ready or over, and not about to end; so is one that is not there. */
    public boolean isSettled(String name) {
        Optional<Node> node = wiring.find(name);
        return node.isEmpty()
                || (!node.get().isComingDown()
                        && (node.get().isReady() || wiring.outermostOver(name).isPresent()));
    }

    /** Why it is over, if it should not be; a group's reason is its VMs' as well. */
    public Optional<Reason> failure(String name) {
        return wiring.outermostOver(name)
                .<Node>map(group -> group)
                .or(() -> wiring.find(name))
                .flatMap(Node::over)
                .flatMap(Node.Over::failure);
    }

    /** Whether nothing runs, and nothing will. */
    public boolean isFinished() {
        boolean isGone = wiring.vms().values().stream().allMatch(vm -> vm.phase() == VmNode.Phase.ABSENT);
        return closing
                ? isGone
                : isGone
                        && coming.isEmpty()
                        && !wiring.vms().isEmpty()
                        && wiring.vms().values().stream()
                                .allMatch(vm -> vm.over().isPresent()
                                        || wiring.outermostOver(vm.name()).isPresent());
    }

    /**
     * Why what is over although it should not be is so, each group and VM once, in the order of starting.
     *
     * @param alsoOnceReady with VMs that had been ready
     */
    public List<Reason> failures(boolean alsoOnceReady) {
        List<Reason> reasons = new ArrayList<>();
        Set<String> told = new HashSet<>();
        for (VmPlan plan : wiring.deployment().vms()) {
            Optional<GroupNode> group = wiring.outermostOver(plan.name());
            if (group.isEmpty() && wiring.vms().get(plan.name()).hasBeenReady() && !alsoOnceReady) {
                continue;
            }
            failure(plan.name()).filter(reason -> told.add(reason.name())).ifPresent(reasons::add);
        }
        return reasons;
    }

    /** All of it, in the order of starting. */
    public List<MemberStatus> status() {
        return wiring.top().status().children();
    }
}
