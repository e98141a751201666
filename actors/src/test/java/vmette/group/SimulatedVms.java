package vmette.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import vmette.config.RestartMode;
import vmette.config.fleet.VmPlan;
import vmette.errors.VmLostException;

/**
 * Supervisors of VMs as a tree of groups knows them, with a queue in each direction. What happens next is up to the test; what a tree must never order is
 * asserted at once.
 */
final class SimulatedVms implements Orders {
    /** Where a VM stands, as the supervisor knows it. */
    enum State {
        STARTING,
        READY,
        WAITING,
        HOLDING,
        STOPPING,
        DEAD
    }

    /** What a tree has heard of a VM. */
    enum Heard {
        NOTHING,
        READY,
        GONE
    }

    /** The life of one supervisor. */
    private static final class Life {
        private final VmPlan plan;
        private final long launch;
        private final Deque<Runnable> orders = new ArrayDeque<>();
        private final Deque<Runnable> reports = new ArrayDeque<>();
        private State state = State.STARTING;
        private long order;
        private long incarnation = 1;

        private Life(VmPlan plan, long launch) {
            this.plan = plan;
            this.launch = launch;
            this.order = launch;
        }

        private boolean runs() {
            return state == State.STARTING || state == State.READY;
        }
    }

    private final Random random;
    private final Map<String, Life> lives = new TreeMap<>();
    private final Map<String, Heard> heard = new HashMap<>();
    private final List<String> log = new ArrayList<>();
    private BiConsumer<String, Optional<Because>> checkEnd = (vm, why) -> {};
    private BiConsumer<String, Boolean> checkBegin = (vm, launched) -> {};
    private GroupTree tree;

    SimulatedVms(Random random) {
        this.random = random;
    }

    void connect(GroupTree told) {
        tree = told;
    }

    /** Called before an incarnation may begin. */
    void onBegin(BiConsumer<String, Boolean> check) {
        checkBegin = check;
    }

    /** Called before an incarnation is to end. */
    void onEnd(BiConsumer<String, Optional<Because>> check) {
        checkEnd = check;
    }

    List<String> log() {
        return log;
    }

    Heard heard(String vm) {
        return heard.getOrDefault(vm, Heard.GONE);
    }

    boolean wasLaunched(String vm) {
        return heard.containsKey(vm);
    }

    boolean isReady(String vm) {
        return lives.containsKey(vm) && lives.get(vm).state == State.READY;
    }

    boolean isDead(String vm) {
        return !lives.containsKey(vm) || lives.get(vm).state == State.DEAD;
    }

    // ---- orders

    @Override
    public void launch(VmPlan vm, long order) {
        log.add("launch " + vm.name());
        Life former = lives.get(vm.name());
        assertThat(former == null || (former.state == State.DEAD && former.reports.isEmpty()))
                .as("launched while it is there: %s", this)
                .isTrue();
        checkBegin.accept(vm.name(), true);
        lives.put(vm.name(), new Life(vm, order));
        heard.put(vm.name(), Heard.NOTHING);
    }

    @Override
    public void go(String vm, long order) {
        log.add("go " + vm);
        checkBegin.accept(vm, false);
        heard.put(vm, Heard.NOTHING);
        Life life = lives.get(vm);
        life.orders.add(() -> {
            assertThat(order).isGreaterThan(life.order);
            life.order = order;
            if (life.state == State.WAITING) {
                life.state = State.STARTING;
                life.incarnation++;
            } else {
                assertThat(life.state).as("let go: %s", this).isEqualTo(State.DEAD);
            }
        });
    }

    @Override
    public void hold(String vm, long order, Because why) {
        log.add("hold " + vm);
        checkEnd.accept(vm, Optional.of(why));
        Life life = lives.get(vm);
        life.orders.add(() -> {
            assertThat(order).isGreaterThan(life.order);
            life.order = order;
            if (life.runs()) {
                life.state = State.HOLDING;
            } else if (life.state == State.WAITING) {
                held(life);
            }
        });
    }

    @Override
    public void resupervise(VmPlan vm) {
        log.add("resupervise " + vm.name());
    }

    @Override
    public void stop(String vm, Because why) {
        log.add("stop " + vm);
        checkEnd.accept(vm, Optional.empty());
        Life life = lives.get(vm);
        life.orders.add(() -> {
            if (life.state == State.WAITING) {
                over(life, false);
            } else if (life.state != State.DEAD) {
                life.state = State.STOPPING;
            }
        });
    }

    // ---- what happens

    /** Does one thing of those that can happen; whether there was any. */
    boolean step(boolean failures) {
        List<Runnable> possible = new ArrayList<>();
        for (Life life : lives.values()) {
            if (!life.orders.isEmpty()) {
                possible.add(() -> life.orders.removeFirst().run());
            }
            if (!life.reports.isEmpty()) {
                possible.add(() -> life.reports.removeFirst().run());
            }
            possible.addAll(own(life, failures));
        }
        if (possible.isEmpty()) {
            return false;
        }
        possible.get(random.nextInt(possible.size())).run();
        return true;
    }

    private List<Runnable> own(Life life, boolean failures) {
        List<Runnable> possible = new ArrayList<>();
        switch (life.state) {
            case STARTING -> possible.add(() -> comeUp(life));
            case HOLDING ->
                possible.add(() -> {
                    life.state = State.WAITING;
                    held(life);
                });
            case STOPPING -> possible.add(() -> over(life, false));
            default -> {}
        }
        if (failures && life.runs()) {
            possible.add(() -> fail(life));
            if (random.nextInt(6) == 0) {
                possible.add(() -> over(life, true));
                possible.add(() -> powerOff(life));
            }
        } else if (failures && life.state != State.DEAD && life.state != State.WAITING && random.nextInt(10) == 0) {
            possible.add(() -> over(life, true));
        }
        return possible;
    }

    void fail(String vm) {
        fail(lives.get(vm));
    }

    void giveUp(String vm) {
        over(lives.get(vm), true);
    }

    void powerOff(String vm) {
        powerOff(lives.get(vm));
    }

    /** Until nothing happens any more but what a test wants to happen. */
    void quieten() {
        for (int steps = 0; step(false); steps++) {
            assertThat(steps).as("it goes on for ever: %s", this).isLessThan(100_000);
        }
    }

    private void comeUp(Life life) {
        life.state = State.READY;
        long order = life.order;
        long incarnation = life.incarnation;
        life.reports.add(() -> {
            heard.put(life.plan.name(), Heard.READY);
            tree.cameUp(life.plan.name(), order, incarnation);
        });
    }

    private void held(Life life) {
        long order = life.order;
        life.reports.add(() -> {
            heard.put(life.plan.name(), Heard.GONE);
            tree.held(life.plan.name(), order);
        });
    }

    private void fail(Life life) {
        if (life.plan.mode() == RestartMode.TEMPORARY) {
            over(life, true);
            return;
        }
        life.state = State.WAITING;
        long order = life.order;
        life.reports.add(() -> {
            heard.put(life.plan.name(), Heard.GONE);
            tree.failed(life.plan.name(), order, line(life), new VmLostException(line(life)));
        });
    }

    private void powerOff(Life life) {
        if (life.plan.mode() == RestartMode.PERMANENT) {
            fail(life);
        } else {
            over(life, false);
        }
    }

    private void over(Life life, boolean failed) {
        life.state = State.DEAD;
        life.reports.add(() -> {
            heard.put(life.plan.name(), Heard.GONE);
            tree.over(
                    life.plan.name(),
                    life.launch,
                    line(life),
                    failed ? Optional.of(new VmLostException(line(life))) : Optional.empty());
        });
    }

    private static String line(Life life) {
        return "VM " + life.plan.name() + ", incarnation " + life.incarnation + ": it broke";
    }

    @Override
    public String toString() {
        Map<String, State> states = new TreeMap<>();
        lives.forEach((name, life) -> states.put(name, life.state));
        return states + " after " + log + " in " + tree.deployment().groups().values();
    }
}
