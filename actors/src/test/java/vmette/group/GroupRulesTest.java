package vmette.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import vmette.config.RestartMode;
import vmette.config.fleet.Strategy;
import vmette.group.GroupRules.Child;
import vmette.group.GroupRules.Ending;
import vmette.group.GroupRules.Verdict;

/** The table of docs/supervision.md: what a group does about the end of a child. */
class GroupRulesTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Duration WITHIN = Duration.ofMinutes(5);
    private static final List<RestartMode> MODES = List.of(RestartMode.values());
    private static final Child RUNS = new Child(RestartMode.TRANSIENT, true, false);
    private static final Child FAILED = new Child(RestartMode.TRANSIENT, false, false);
    private static final Child OVER = new Child(RestartMode.TRANSIENT, false, true);
    private static final Child TEMPORARY = new Child(RestartMode.TEMPORARY, true, false);
    private static final Child TEMPORARY_OVER = new Child(RestartMode.TEMPORARY, false, true);
    private static final Child TEMPORARY_TO_COME = new Child(RestartMode.TEMPORARY, false, false);

    private static Verdict decide(Strategy strategy, Ending ending, int failed, Child... children) {
        return new GroupRules(strategy, 1, WITHIN, true).decide(List.of(children), failed, ending, Restarts.NONE, NOW);
    }

    private static Verdict restart(List<Integer> stop, List<Integer> start) {
        return new Verdict.Restart(stop, start);
    }

    @Example
    void oneForOneStartsTheOneAgain() {
        assertThat(decide(Strategy.ONE_FOR_ONE, Ending.FAILED, 1, RUNS, FAILED, RUNS))
                .isEqualTo(restart(List.of(), List.of(1)));
    }

    @Example
    void oneForAllStopsTheOthersInReverseAndStartsAll() {
        assertThat(decide(Strategy.ONE_FOR_ALL, Ending.FAILED, 1, RUNS, FAILED, RUNS, RUNS))
                .isEqualTo(restart(List.of(3, 2, 0), List.of(0, 1, 2, 3)));
    }

    @Example
    void restForOneLeavesThoseBeforeAlone() {
        assertThat(decide(Strategy.REST_FOR_ONE, Ending.FAILED, 1, RUNS, FAILED, RUNS, RUNS))
                .isEqualTo(restart(List.of(3, 2), List.of(1, 2, 3)));
    }

    /** A transient one is started by its group's start, a temporary one by no end of anybody. */
    @Example
    void whatEndedAsItShouldIsStartedWithTheOthersUnlessTemporary() {
        assertThat(decide(
                        Strategy.REST_FOR_ONE,
                        Ending.FAILED,
                        0,
                        FAILED,
                        OVER,
                        TEMPORARY,
                        TEMPORARY_OVER,
                        TEMPORARY_TO_COME))
                .isEqualTo(restart(List.of(2), List.of(0, 1, 4)));
    }

    @Example
    void aTemporaryOneThatEndsConcernsNobody() {
        for (Strategy strategy : Strategy.values()) {
            for (Ending ending : Ending.values()) {
                assertThat(decide(strategy, ending, 0, TEMPORARY_OVER, RUNS)).isEqualTo(new Verdict.LetBe());
            }
        }
    }

    @Example
    void norDoesOneThatEndsAsItShould() {
        for (Strategy strategy : Strategy.values()) {
            assertThat(decide(strategy, Ending.ENDED, 0, FAILED, RUNS)).isEqualTo(new Verdict.LetBe());
        }
    }

    @Example
    void oneThatFailsForGoodIsTheGroupsFailure() {
        for (Strategy strategy : Strategy.values()) {
            assertThat(decide(strategy, Ending.FAILED_FOR_GOOD, 0, FAILED, RUNS))
                    .isInstanceOf(Verdict.Escalate.class);
        }
    }

    @Example
    void soIsOneThatCannotBeLaunchedUnlessTheOthersStandByThemselves() {
        assertThat(decide(Strategy.ONE_FOR_ALL, Ending.NEVER_READY, 0, FAILED, RUNS))
                .isInstanceOf(Verdict.Escalate.class);
        assertThat(decide(Strategy.REST_FOR_ONE, Ending.NEVER_READY, 0, FAILED, RUNS))
                .isInstanceOf(Verdict.Escalate.class);
        assertThat(decide(Strategy.ONE_FOR_ONE, Ending.NEVER_READY, 0, FAILED, RUNS))
                .isEqualTo(new Verdict.LetBe());
    }

    @Example
    void oneRestartTooManyWithinThePeriodIsTheGroupsFailure() {
        GroupRules rules = new GroupRules(Strategy.ONE_FOR_ONE, 2, WITHIN, true);
        Restarts old = Restarts.NONE.with(NOW.minus(WITHIN)).with(NOW.minusSeconds(1));
        assertThat(rules.decide(List.of(FAILED), 0, Ending.FAILED, old, NOW)).isInstanceOf(Verdict.Restart.class);
        assertThat(rules.decide(List.of(FAILED), 0, Ending.FAILED, old.with(NOW), NOW))
                .isEqualTo(new Verdict.Escalate("more than 2 restarts within 5m (max-restarts, within)"));
    }

    @Example
    void whatBelongsToNoGroupIsLetBeOrStartedAgainByItself() {
        Restarts many = Restarts.NONE;
        for (int i = 0; i < 1000; i++) {
            many = many.with(NOW);
        }
        GroupRules none = GroupRules.OF_NO_GROUP;
        assertThat(none.decide(List.of(FAILED, RUNS), 0, Ending.FAILED, many, NOW))
                .isEqualTo(restart(List.of(), List.of(0)));
        assertThat(none.decide(List.of(FAILED, RUNS), 0, Ending.FAILED_FOR_GOOD, many, NOW))
                .isEqualTo(new Verdict.LetBe());
    }

    /** Whatever the children's states: what is stopped runs and comes in reverse, the failed one is started, and nobody that is not concerned is touched. */
    @Property
    void whatIsStoppedIsStoppedInReverseAndWhatIsStartedInOrder(
            @ForAll Strategy strategy,
            @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 8) Integer> states,
            @ForAll @IntRange(max = 11) int which) {
        List<Child> children = new ArrayList<>();
        states.forEach(state -> children.add(new Child(MODES.get(state % 3), state / 3 == 1, state / 3 == 2)));
        int failed = which % children.size();
        children.set(failed, FAILED);
        Verdict.Restart verdict = (Verdict.Restart)
                new GroupRules(strategy, 1, WITHIN, true).decide(children, failed, Ending.FAILED, Restarts.NONE, NOW);
        assertThat(verdict.start()).isSorted().doesNotHaveDuplicates().contains(failed);
        assertThat(verdict.stop())
                .isSortedAccordingTo((a, b) -> b - a)
                .doesNotHaveDuplicates()
                .doesNotContain(failed)
                .allMatch(i -> children.get(i).there());
        if (strategy == Strategy.ONE_FOR_ONE) {
            assertThat(verdict).isEqualTo(restart(List.of(), List.of(failed)));
        } else {
            int first = strategy == Strategy.ONE_FOR_ALL ? 0 : failed;
            assertThat(verdict.start()).allMatch(i -> i >= first);
            for (int i = first; i < children.size(); i++) {
                Child child = children.get(i);
                assertThat(verdict.stop().contains(i)).isEqualTo(child.there() && i != failed);
                assertThat(verdict.start().contains(i))
                        .isEqualTo(i == failed
                                || child.mode() != RestartMode.TEMPORARY
                                || (!child.there() && !child.over()));
            }
        }
    }
}
