package vmette.group;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import vmette.config.RestartMode;
import vmette.config.fleet.Strategy;

/** A group, or what stands above those of no group. */
final class GroupNode extends Node {
    /** How many of those of no group come up at a time, when they are started first. */
    private static final int AT_A_TIME = 2 * Math.max(2, Runtime.getRuntime().availableProcessors());

    private final GroupRules rules;
    private final Optional<GroupNode> parent;
    private final List<Node> children = new ArrayList<>();
    private Restarts history = Restarts.NONE;
    private boolean running;
    private Optional<Reason> failing = Optional.empty();
    private Optional<String> lastFailure = Optional.empty();

    /** @param parent empty: it stands above those of no group */
    GroupNode(String name, GroupRules rules, Optional<GroupNode> parent) {
        super(name);
        this.rules = rules;
        this.parent = parent;
    }

    Optional<GroupNode> parent() {
        return parent;
    }

    List<Node> children() {
        return children;
    }

    /** Whether it is to be up: its children are started, and their failures are judged. */
    boolean isRunning() {
        return running;
    }

    /** In a tree that has changed: nothing is up in a group that is not, and a new group is up if something in it is. */
    void fitIn(GroupNode around, boolean isNew) {
        boolean[] runs = {false};
        visitVms(vm -> runs[0] |= vm.runs());
        if (!around.running) {
            running = false;
            failing = Optional.empty();
        } else if (isNew) {
            running = runs[0] || hasRunningGroup();
        }
        if (!running && runs[0]) {
            Orders.Because because =
                    new Orders.Because(Optional.of(name()), "it came into the group while that was restarted");
            children.stream().filter(VmNode.class::isInstance).forEach(vm -> vm.doom(Doom.HOLD, because));
        }
    }

    private boolean hasRunningGroup() {
        return children.stream()
                .anyMatch(child -> child instanceof GroupNode group
                        && (group.running || group.failing.isPresent() || group.hasRunningGroup()));
    }

    /** Takes over what a group of that name has been through. */
    void inherit(GroupNode former) {
        super.inherit(former);
        history = former.history;
        running = former.running;
        failing = former.failing;
        lastFailure = former.lastFailure;
    }

    boolean isTop() {
        return !rules.escalates();
    }

    void visitVms(Consumer<VmNode> visitor) {
        for (Node child : children) {
            if (child instanceof VmNode vm) {
                visitor.accept(vm);
            } else if (child instanceof GroupNode group) {
                group.visitVms(visitor);
            }
        }
    }

    // ---- what a child's end means

    /** Judges the end of a child of which nothing runs; one that a group is to be told of is there in {@link #failed} later. */
    void childEnded(Node child, GroupRules.Ending ending, Optional<Reason> reason, String text, Instant now) {
        if (!running) {
            return;
        }
        lastFailure = reason.map(Reason::chain).or(() -> lastFailure);
        List<GroupRules.Child> seen = children.stream()
                .map(each -> new GroupRules.Child(
                        each.mode(), !each.isGone(), each.over().isPresent()))
                .toList();
        GroupRules.Verdict verdict = rules.decide(seen, children.indexOf(child), ending, history, now);
        if (verdict instanceof GroupRules.Verdict.Restart restart) {
            restart(restart, child, text, now);
        } else if (verdict instanceof GroupRules.Verdict.Escalate escalate) {
            fail(Reason.ofGroup(name(), escalate.reason(), reason.orElseThrow()));
        } else {
            child.setOver(new Over(reason, reason.map(Reason::chain).orElse(text)));
            child.doom(Doom.STOP, Orders.Because.OWNER);
        }
    }

    private void restart(GroupRules.Verdict.Restart restart, Node failed, String text, Instant now) {
        history = history.with(now);
        Orders.Because because = new Orders.Because(Optional.of(name()), text);
        Set<Integer> again = new HashSet<>(restart.start());
        for (int i : restart.stop()) {
            Node child = children.get(i);
            if (again.contains(i) || child instanceof GroupNode) {
                child.doom(Doom.HOLD, because);
            } else {
                ((VmNode) child).drop(because);
            }
        }
        Set<Integer> ending = new HashSet<>(restart.stop());
        for (int i : restart.start()) {
            Node child = children.get(i);
            child.clearOver();
            if (child == failed || ending.contains(i)) {
                child.countRestart();
            }
        }
        if (failed instanceof GroupNode group) {
            group.running = false;
        }
    }

    private void fail(Reason reason) {
        running = false;
        failing = Optional.of(reason);
        Orders.Because because = new Orders.Because(
                Optional.of(name()), reason.because().map(Reason::chain).orElse(reason.what()));
        boolean isLast = parent.map(GroupNode::isTop).orElse(true);
        children.forEach(child -> child.doom(isLast ? Doom.STOP : Doom.HOLD, because));
    }

    /** The group's own failure, once nothing of it runs; asked for once. */
    Optional<Reason> failed() {
        if (failing.isEmpty() || !isGone()) {
            return Optional.empty();
        }
        Optional<Reason> reason = failing;
        failing = Optional.empty();
        return reason;
    }

    // ---- as a child

    @Override
    RestartMode mode() {
        return RestartMode.PERMANENT;
    }

    /** Ends as a whole; a failure of its own that is under way is no news any more. */
    @Override
    void doom(Doom doom, Orders.Because why) {
        running = false;
        failing = Optional.empty();
        children.forEach(child -> child.doom(doom, why));
    }

    @Override
    boolean isComingDown() {
        return failing.isPresent() || (!running && children.stream().anyMatch(GroupNode::stays));
    }

    private static boolean stays(Node child) {
        return !child.isGone() || child.isComingDown();
    }

    @Override
    boolean isGone() {
        return !running && children.stream().allMatch(Node::isGone);
    }

    @Override
    boolean isReady() {
        return over().isPresent() || (running && children.stream().allMatch(Node::isReady));
    }

    @Override
    boolean stopStep(Orders orders, Numbers numbers) {
        boolean busy = false;
        for (int i = children.size() - 1; i >= 0 && (!busy || isTop()); i--) {
            busy |= children.get(i).stopStep(orders, numbers);
        }
        return isComingDown() || hasRetiring();
    }

    /** Those that leave the fleet are stopped in order across groups; what a group within does among its own concerns nobody else. */
    private boolean hasRetiring() {
        boolean[] found = {false};
        visitVms(vm -> found[0] |= vm.isRetired() && vm.phase() != VmNode.Phase.ABSENT);
        return found[0];
    }

    @Override
    void startStep(Orders orders, Numbers numbers, boolean turn) {
        if (over().isPresent() || isComingDown() || !(turn || running)) {
            return;
        }
        if (!running) {
            begin();
        }
        boolean ordered = rules.strategy() != Strategy.ONE_FOR_ONE;
        boolean mayStart = !ordered || children.stream().noneMatch(Node::isComingDown);
        boolean next = true;
        int coming = 0;
        for (Node child : children) {
            boolean goesOn = child instanceof GroupNode group && group.running;
            boolean may = mayStart && (next || (!ordered && child.hasBeenReady()));
            if (may || goesOn) {
                child.startStep(orders, numbers, turn && may);
            }
            coming += child.isReady() || child.hasBeenReady() || child.isGone() ? 0 : 1;
            next = isTop() ? coming < AT_A_TIME : next && child.isReady();
        }
        if (isReady()) {
            noteReady();
        }
    }

    /** Anew: nothing of what was before counts. */
    private void begin() {
        running = true;
        history = Restarts.NONE;
        for (Node child : children) {
            child.clearOver();
            child.forgetReady();
        }
    }

    @Override
    MemberStatus status() {
        List<MemberStatus> members = children.stream().map(Node::status).toList();
        Optional<String> reason = over().map(Over::text).or(() -> lastFailure);
        return new MemberStatus(name(), true, state(members), 0, restarts(), reason, members);
    }

    private MemberStatus.State state(List<MemberStatus> members) {
        if (isComingDown()) {
            return MemberStatus.State.STOPPING;
        }
        if (over().isPresent()) {
            return MemberStatus.State.FAILED;
        }
        if (!running) {
            return MemberStatus.State.WAITING;
        }
        if (!members.isEmpty() && members.stream().allMatch(each -> each.state() == MemberStatus.State.ENDED)) {
            return MemberStatus.State.ENDED;
        }
        if (isReady()) {
            return MemberStatus.State.READY;
        }
        return hasBeenReady() ? MemberStatus.State.RECOVERING : MemberStatus.State.STARTING;
    }
}
