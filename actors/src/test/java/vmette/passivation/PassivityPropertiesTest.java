package vmette.passivation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import vmette.passivation.Passivity.Phase;

/** Use, looks, saves and their ends in any order. */
class PassivityPropertiesTest {
    private static final Duration AFTER = Duration.ofSeconds(100);
    private static final Instant START = Instant.EPOCH;

    private enum Kind {
        TIME,
        USE,
        OPEN,
        SHUT,
        CHECK,
        LOOK,
        ASK,
        SAVED,
        REFUSED,
        CANNOT,
        LOST,
        READY,
        DOWN
    }

    private record Happens(Kind kind, int seconds) {}

    @Provide
    Arbitrary<List<Happens>> course() {
        return Combinators.combine(
                        Arbitraries.of(Kind.class), Arbitraries.integers().between(0, 60))
                .as(Happens::new)
                .list()
                .ofMaxSize(200);
    }

    /** A VM, and who uses it: what the rules are told, and what they must never forget. */
    private static final class Model {
        private final Passivity passivity = new Passivity(AFTER);
        private Instant now = START;
        private Instant lastUse = START;
        private long begun;
        private long open;
        private boolean check;
        /** Asked while there was nobody to do it. */
        private boolean waits;

        private boolean saved;
        private boolean cannot;

        void happens(Happens what) {
            Phase before = passivity.phase();
            switch (what.kind()) {
                case TIME -> now = now.plusSeconds(what.seconds());
                case USE -> {
                    if (before == Phase.AWAKE) {
                        begun++;
                        lastUse = now;
                    }
                }
                case OPEN -> {
                    if (before == Phase.AWAKE) {
                        begun++;
                        open++;
                    }
                }
                case SHUT -> {
                    lastUse = open > 0 ? now : lastUse;
                    open = Math.max(0, open - 1);
                }
                case CHECK -> check = !check;
                case LOOK -> look(before);
                case ASK -> ask(before);
                case SAVED -> {
                    if (before == Phase.SAVING) {
                        saved = true;
                        follow(passivity.saved());
                    }
                }
                case REFUSED, CANNOT -> {
                    boolean forGood = what.kind() == Kind.CANNOT;
                    cannot |= forGood && before == Phase.SAVING;
                    follow(passivity.notSaved(forGood, now));
                }
                case LOST -> {
                    passivity.lost();
                    saved &= passivity.phase() == Phase.WAKING;
                }
                case READY -> {
                    if (before == Phase.WAKING || before == Phase.DOWN) {
                        waits = false;
                        saved = false;
                        cannot = false;
                        begun = 0;
                        open = 0;
                        lastUse = now;
                        follow(passivity.ready(now));
                    }
                }
                case DOWN -> {
                    passivity.down();
                    waits = false;
                    saved = false;
                }
            }
        }

        private void look(Phase before) {
            Step step = passivity.look(new Activity(open, begun, check), now);
            if (step instanceof Step.Save) {
                assertThat(before).isEqualTo(Phase.AWAKE);
                assertThat(open).isZero();
                assertThat(check).isFalse();
                assertThat(cannot).isFalse();
                assertThat(Duration.between(lastUse, now)).isGreaterThanOrEqualTo(AFTER);
            }
            if (step instanceof Step.Look next) {
                assertThat(next.in()).isBetween(Duration.ofNanos(1), AFTER.dividedBy(10));
            }
            follow(step);
        }

        private void ask(Phase before) {
            waits |= before == Phase.SAVING || before == Phase.PASSIVE;
            follow(passivity.asked());
        }

        private void follow(Step step) {
            if (step instanceof Step.GoOn) {
                waits = false;
                lastUse = now;
            } else if (step instanceof Step.Wake) {
                assertThat(saved).isTrue();
                assertThat(passivity.phase()).isEqualTo(Phase.WAKING);
            } else if (step instanceof Step.Rest) {
                assertThat(waits).isFalse();
                assertThat(passivity.phase()).isEqualTo(Phase.PASSIVE);
            }
        }

        void check() {
            // What waits is never left with a VM that sleeps.
            assertThat(waits && passivity.phase() == Phase.PASSIVE).isFalse();
            assertThat(passivity.phase() == Phase.PASSIVE && !saved).isFalse();
        }
    }

    @Property
    void nothingIsLostAndNobodyIsPutToSleepWhileUsed(@ForAll("course") List<Happens> course) {
        Model model = new Model();
        model.passivity.ready(START);
        for (Happens each : course) {
            model.happens(each);
            model.check();
        }
    }

    /** Whoever looks when he is told to finds a VM that nobody uses idle in time, and at most a tenth late. */
    @Property
    void anIdleVmIsSavedInTime(@ForAll("uses") List<Integer> uses) {
        Passivity passivity = new Passivity(AFTER);
        Instant now = START;
        Instant lastUse = START;
        long begun = 0;
        int used = 0;
        Step step = passivity.ready(now);
        while (step instanceof Step.Look next) {
            Instant then = now.plus(next.in());
            while (used < uses.size() && !START.plusSeconds(uses.get(used)).isAfter(then)) {
                lastUse = START.plusSeconds(uses.get(used++));
                begun++;
            }
            now = then;
            step = passivity.look(new Activity(0, begun, false), now);
        }
        assertThat(step).isEqualTo(new Step.Save(begun));
        assertThat(Duration.between(lastUse, now)).isBetween(AFTER, AFTER.plus(AFTER.dividedBy(10)));
    }

    @Provide
    Arbitrary<List<Integer>> uses() {
        return Arbitraries.integers().between(1, 90).list().ofMaxSize(30).map(gaps -> {
            int[] sum = new int[1];
            return gaps.stream().map(gap -> sum[0] += gap).toList();
        });
    }

    @Example
    void zeroIsNever() {
        Passivity passivity = new Passivity(Duration.ZERO);
        assertThat(passivity.ready(START)).isEqualTo(new Step.Stay());
        assertThat(passivity.phase()).isEqualTo(Phase.AWAKE);
        assertThat(passivity.isAway()).isFalse();
    }

    /** However late it is looked at. */
    @Example
    void aStreamThatClosedAMomentAgoWasInUseTillThen() {
        Passivity passivity = new Passivity(AFTER);
        passivity.ready(START);
        passivity.look(new Activity(1, 1, false), START);
        Instant closed = START.plus(AFTER.multipliedBy(2));
        Activity idle = new Activity(0, 1, false);
        assertThat(passivity.look(idle, closed)).isEqualTo(new Step.Look(AFTER.dividedBy(10)));
        assertThat(passivity.look(idle, closed.plus(AFTER))).isEqualTo(new Step.Save(1));
    }

    @Example
    void aStreamThatIsNotSeenForAHealthCheckMayCloseDuringIt() {
        Passivity passivity = new Passivity(AFTER);
        passivity.ready(START);
        passivity.look(new Activity(1, 1, false), START);
        passivity.look(new Activity(0, 1, true), START.plus(AFTER));
        assertThat(passivity.look(new Activity(0, 1, false), START.plus(AFTER.multipliedBy(2))))
                .isInstanceOf(Step.Look.class);
    }

    @Example
    void oneThatCannotBeSavedIsTriedAgainInItsNextIncarnationOnly() {
        Passivity passivity = new Passivity(AFTER);
        passivity.ready(START);
        Activity idle = new Activity(0, 0, false);
        assertThat(passivity.look(idle, START.plus(AFTER))).isEqualTo(new Step.Save(0));
        assertThat(passivity.notSaved(true, START.plus(AFTER))).isEqualTo(new Step.GoOn());
        assertThat(passivity.lookAgain(START.plus(AFTER))).isEqualTo(new Step.Stay());
        assertThat(passivity.look(idle, START.plus(AFTER.multipliedBy(3)))).isEqualTo(new Step.Stay());
        passivity.lost();
        passivity.ready(START.plus(AFTER.multipliedBy(3)));
        assertThat(passivity.look(idle, START.plus(AFTER.multipliedBy(4)))).isEqualTo(new Step.Save(0));
    }
}
