package vmette.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.Strategy;
import vmette.config.fleet.VmPlan;

/** Whatever fails, and in whatever order that is heard of and acted upon. */
class GroupTreePropertiesTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private Instant now = START;

    /** One fleet with everything that can happen to it. */
    private final class World {
        private final Random random;
        private final SimulatedVms vms;
        private final GroupTree tree;

        World(long seed) {
            random = new Random(seed);
            vms = new SimulatedVms(random);
            tree = new GroupTree(vms, () -> now);
            vms.connect(tree);
            vms.onBegin((vm, launched) -> isItsTurn(vm));
            vms.onEnd(this::isLast);
        }

        /**
         * In a group with an order all before it have been heard to be ready, or are over. A group within that group goes on by itself once it was its turn.
         */
        private void isItsTurn(String vm) {
            if (tree.isChanging()) {
                // By the groups as they were.
                return;
            }
            boolean isFirst = true;
            for (Optional<GroupPlan> group = parent(vm);
                    group.isPresent();
                    group = parent(group.get().name())) {
                List<String> children = group.get().children();
                String own = children.stream()
                        .filter(child -> below(child).contains(vm))
                        .findFirst()
                        .orElseThrow();
                isFirst &= below(own).stream().noneMatch(vms::wasLaunched);
                if (group.get().strategy() != Strategy.ONE_FOR_ONE && (own.equals(vm) || isFirst)) {
                    children.subList(0, children.indexOf(own)).forEach(earlier -> below(earlier)
                            .forEach(each -> assertThat(vms.heard(each) == SimulatedVms.Heard.READY || isOver(each))
                                    .as("%s begins before %s is ready: %s", vm, each, vms)
                                    .isTrue()));
                }
            }
        }

        private boolean isOver(String vm) {
            return vms.heard(vm) == SimulatedVms.Heard.GONE && tree.isSettled(vm);
        }

        /** What a group has end ends after all that comes later in it. */
        private void isLast(String vm, Optional<Orders.Because> why) {
            Optional<GroupPlan> group = why.flatMap(Orders.Because::group)
                    .flatMap(name ->
                            Optional.ofNullable(tree.deployment().groups().get(name)));
            if (group.isEmpty() || tree.isChanging() || changed) {
                return;
            }
            List<String> children = group.get().children();
            children.stream()
                    .filter(child -> below(child).contains(vm))
                    .findFirst()
                    .ifPresent(own -> children.subList(children.indexOf(own) + 1, children.size())
                            .forEach(later -> below(later).forEach(each -> assertThat(vms.heard(each))
                                    .as("%s ends before %s is gone: %s", vm, each, vms)
                                    .isEqualTo(SimulatedVms.Heard.GONE))));
        }

        private boolean changed;

        private Optional<GroupPlan> parent(String name) {
            return tree.deployment().groups().values().stream()
                    .filter(group -> group.children().contains(name))
                    .findFirst();
        }

        private Set<String> below(String name) {
            GroupPlan group = tree.deployment().groups().get(name);
            if (group == null) {
                return Set.of(name);
            }
            Set<String> all = new HashSet<>();
            group.children().forEach(child -> all.addAll(below(child)));
            return all;
        }

        void deploy(Deployment deployment) {
            tree.change(deployment, Set.of());
        }

        /** So much happens, failures among it. */
        void live(int steps) {
            for (int i = 0; i < steps && vms.step(true); i++) {
                now = now.plusMillis(random.nextInt(4000));
            }
        }

        void change() {
            if (!tree.isChanging()) {
                changed = true;
                Deployment next = Fleets.random(random);
                Set<String> all = next.vms().stream().map(VmPlan::name).collect(Collectors.toSet());
                tree.change(next, random.nextBoolean() ? all : Set.of());
            }
        }

        void restartSome() {
            List<VmPlan> all = tree.deployment().vms();
            String vm = all.get(random.nextInt(all.size())).name();
            String name =
                    random.nextInt(3) == 0 ? parent(vm).map(GroupPlan::name).orElse(vm) : vm;
            if (tree.has(name)) {
                tree.restart(name);
            }
        }

        /** When nothing fails any more everything is ready, or over for a reason; and what is over does not run. */
        void comesToRest() {
            vms.quieten();
            assertThat(tree.isChanging()).isFalse();
            assertThat(tree.isSettled())
                    .as("it does not come to rest: %s %s", tree.status(), vms)
                    .isTrue();
            for (VmPlan plan : tree.deployment().vms()) {
                boolean isUp = vms.isReady(plan.name());
                assertThat(isUp || vms.isDead(plan.name()))
                        .as("%s waits: %s", plan.name(), vms)
                        .isTrue();
                assertThat(tree.failure(plan.name()).isPresent() && isUp)
                        .as("%s is over and runs: %s", plan.name(), vms)
                        .isFalse();
            }
        }

        /** After its end nothing runs. */
        void goesDown() {
            tree.close();
            vms.quieten();
            assertThat(tree.isFinished()).as("it does not end: %s", vms).isTrue();
            tree.deployment().vms().forEach(plan -> assertThat(vms.isDead(plan.name()))
                    .as("%s is left: %s", plan.name(), vms)
                    .isTrue());
        }
    }

    @Property(tries = 2000)
    void failuresInAnyOrderAreHealedOrEscalated(@ForAll long seed) {
        World world = new World(seed);
        world.deploy(Fleets.random(world.random));
        world.live(world.random.nextInt(200));
        world.comesToRest();
        world.live(world.random.nextInt(60));
        world.goesDown();
    }

    @Property(tries = 2000)
    void soTheyAreWhileTheFleetChangesAndPartsOfItAreRestarted(@ForAll long seed) {
        World world = new World(seed);
        world.deploy(Fleets.random(world.random));
        for (int i = 0; i < 6; i++) {
            world.live(world.random.nextInt(40));
            if (world.random.nextBoolean()) {
                world.change();
            } else {
                world.restartSome();
            }
        }
        world.comesToRest();
        world.goesDown();
    }

    /** The middle of a start is as good a moment as any other. */
    @Property(tries = 500)
    void aFleetCanBeTakenDownAtAnyMoment(@ForAll long seed) {
        World world = new World(seed);
        world.deploy(Fleets.random(world.random));
        world.live(world.random.nextInt(30));
        world.goesDown();
    }
}
