package vmette.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import vmette.config.RestartMode;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.Strategy;
import vmette.errors.GroupFailedException;

/** What a tree of groups orders, step by step. */
class GroupTreeTest {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final SimulatedVms vms = new SimulatedVms(new Random(1));
    private final GroupTree tree = new GroupTree(vms, () -> now);
    private int read;

    private void deploy(Fleets fleet) {
        vms.connect(tree);
        tree.change(fleet.deployment(), Set.of());
        vms.quieten();
    }

    /** What was ordered since it was last looked at. */
    private List<String> ordered() {
        List<String> news = new ArrayList<>(vms.log().subList(read, vms.log().size()));
        read = vms.log().size();
        return news;
    }

    private List<String> orderedAfter(Runnable happening) {
        ordered();
        happening.run();
        vms.quieten();
        return ordered();
    }

    private MemberStatus status(String name) {
        return find(tree.status(), name).orElseThrow();
    }

    private static Optional<MemberStatus> find(List<MemberStatus> members, String name) {
        return members.stream()
                .flatMap(member -> member.name().equals(name)
                        ? Optional.of(member).stream()
                        : find(member.children(), name).stream())
                .findFirst();
    }

    private static Fleets four(Strategy strategy, int maxRestarts) {
        return new Fleets().vms("app", "a", "b", "c", "d").group("app", strategy, maxRestarts, "", "a", "b", "c", "d");
    }

    @Test
    void childrenAreStartedOneAfterTheOther() {
        vms.connect(tree);
        tree.change(four(Strategy.ONE_FOR_ONE, 3).deployment(), Set.of());
        assertThat(ordered()).containsExactly("launch a");
        assertThat(status("b").state()).isEqualTo(MemberStatus.State.WAITING);
        vms.quieten();
        assertThat(ordered()).containsExactly("launch b", "launch c", "launch d");
        assertThat(status("app").state()).isEqualTo(MemberStatus.State.READY);
    }

    @Test
    void wordOfAnEarlierOrderIsNotTakenForThePresentOnes() {
        deploy(four(Strategy.ONE_FOR_ONE, 3));
        ordered();
        tree.restart("d");
        tree.held("d", 0);
        assertThat(ordered()).as("d is not held yet").containsExactly("hold d");
        vms.quieten();
        assertThat(ordered()).containsExactly("go d");
        tree.over("d", 0, "an earlier launch's end", Optional.empty());
        assertThat(status("d").state()).isEqualTo(MemberStatus.State.READY);
    }

    @Test
    void restForOne() {
        deploy(four(Strategy.REST_FOR_ONE, 3));
        assertThat(orderedAfter(() -> vms.fail("b"))).containsExactly("hold d", "hold c", "go b", "go c", "go d");
        assertThat(status("a").restarts()).isZero();
        assertThat(status("d").restarts()).isEqualTo(1);
        assertThat(status("b").reason().orElseThrow()).contains("VM b, incarnation 1: it broke");
    }

    @Test
    void oneForAll() {
        deploy(four(Strategy.ONE_FOR_ALL, 3));
        assertThat(orderedAfter(() -> vms.fail("b")))
                .containsExactly("hold d", "hold c", "hold a", "go a", "go b", "go c", "go d");
    }

    /** Nobody waits for a sibling's delay that is not his business. */
    @Test
    void oneForOneStartsAgainWhoeverElseIsDown() {
        deploy(four(Strategy.ONE_FOR_ONE, 3));
        ordered();
        vms.fail("a");
        vms.fail("c");
        assertThat(orderedAfter(() -> {})).containsExactlyInAnyOrder("go a", "go c");
    }

    private static Fleets nested(Strategy outer, int outerMost, Strategy inner, int innerMost) {
        return new Fleets()
                .vms("app", "a", "z")
                .vms("mid", "m1", "m2")
                .group("mid", inner, innerMost, "app", "m1", "m2")
                .group("app", outer, outerMost, "", "a", "mid", "z");
    }

    /** A group in a group is ready when all that is in it is. */
    @Test
    void groupsInGroupsAreStartedAndStoppedInTheirPlace() {
        deploy(nested(Strategy.REST_FOR_ONE, 3, Strategy.ONE_FOR_ONE, 3));
        assertThat(ordered()).containsExactly("launch a", "launch m1", "launch m2", "launch z");
        assertThat(orderedAfter(() -> vms.fail("a")))
                .containsExactly("hold z", "hold m2", "hold m1", "go a", "go m1", "go m2", "go z");
        assertThat(orderedAfter(() -> vms.fail("m1"))).containsExactly("go m1");
        assertThat(orderedAfter(tree::close)).containsExactly("stop z", "stop m2", "stop m1", "stop a");
        assertThat(tree.isFinished()).isTrue();
    }

    @Test
    void oneRestartTooManyIsTheGroupsOwnFailureAndItsParentStartsItAnew() {
        deploy(nested(Strategy.REST_FOR_ONE, 3, Strategy.ONE_FOR_ONE, 1));
        vms.fail("m1");
        vms.quieten();
        assertThat(orderedAfter(() -> vms.fail("m1"))).containsExactly("hold m2", "hold z", "go m1", "go m2", "go z");
        assertThat(status("mid").restarts()).isEqualTo(1);
        assertThat(status("app").state()).isEqualTo(MemberStatus.State.READY);
        // Started anew, it may restart its children as often as before.
        assertThat(orderedAfter(() -> vms.fail("m1"))).containsExactly("go m1");
    }

    @Test
    void restartsLongAgoDoNotCount() {
        deploy(four(Strategy.ONE_FOR_ONE, 1));
        for (int i = 0; i < 3; i++) {
            assertThat(orderedAfter(() -> vms.fail("a"))).containsExactly("go a");
            now = now.plusSeconds(60);
        }
    }

    @Test
    void aGroupOfNoGroupThatFailsIsGivenUpWithTheChainOfReasons() {
        deploy(nested(Strategy.ONE_FOR_ONE, 0, Strategy.ONE_FOR_ONE, 0).vm("lone", RestartMode.TRANSIENT, ""));
        assertThat(orderedAfter(() -> vms.fail("m1")))
                .containsExactly("hold m2", "stop z", "stop m2", "stop m1", "stop a");
        assertThat(status("app").state()).isEqualTo(MemberStatus.State.FAILED);
        assertThat(status("lone").state()).isEqualTo(MemberStatus.State.READY);
        assertThat(tree.isFinished()).isFalse();
        Reason reason = tree.failure("m2").orElseThrow();
        assertThat(reason.chain())
                .isEqualTo("group app failed, more than 0 restarts within 1m (max-restarts, within), last because"
                        + " group mid failed, more than 0 restarts within 1m (max-restarts, within), last because"
                        + " VM m1, incarnation 1: it broke");
        assertThat(reason.toException())
                .isInstanceOf(GroupFailedException.class)
                .hasMessage(reason.chain());
        assertThat(tree.failures(true)).containsExactly(reason);
        vms.powerOff("lone");
        vms.quieten();
        assertThat(tree.isFinished()).isTrue();
    }

    @Test
    void oneThatFailsForGoodEscalatesAndIsLaunchedAnew() {
        deploy(nested(Strategy.ONE_FOR_ONE, 3, Strategy.REST_FOR_ONE, 3));
        assertThat(orderedAfter(() -> vms.giveUp("m1"))).containsExactly("hold m2", "launch m1", "go m2");
    }

    @Test
    void oneThatCannotBeLaunchedTakesNoSiblingDownUnderOneForOne() {
        vms.connect(tree);
        tree.change(four(Strategy.ONE_FOR_ONE, 3).deployment(), Set.of());
        vms.giveUp("a");
        vms.quieten();
        assertThat(ordered()).containsExactly("launch a", "launch b", "launch c", "launch d");
        assertThat(tree.isSettled()).isTrue();
        assertThat(status("a").state()).isEqualTo(MemberStatus.State.FAILED);
        assertThat(tree.failures(false)).extracting(Reason::name).containsExactly("a");
    }

    @Test
    void aTemporaryOneIsStoppedWithItsGroupAndNotStartedAgain() {
        deploy(new Fleets()
                .vms("app", "a")
                .vm("job", RestartMode.TEMPORARY, "app")
                .vms("app", "c")
                .group("app", Strategy.REST_FOR_ONE, 3, "", "a", "job", "c"));
        assertThat(orderedAfter(() -> vms.fail("a"))).containsExactly("hold c", "stop job", "go a", "go c");
        assertThat(status("job").state()).isEqualTo(MemberStatus.State.ENDED);
        assertThat(status("job").reason().orElseThrow())
                .startsWith("it was stopped because of its group app: VM a, incarnation 1: it broke");
    }

    @Test
    void oneThatPoweredItselfOffIsReplacedWithItsGroupOnly() {
        deploy(four(Strategy.REST_FOR_ONE, 3));
        assertThat(orderedAfter(() -> vms.powerOff("c"))).isEmpty();
        assertThat(status("c").state()).isEqualTo(MemberStatus.State.ENDED);
        assertThat(orderedAfter(() -> vms.fail("b"))).containsExactly("hold d", "go b", "launch c", "go d");
    }

    /** A second failure further left, while what comes after the first is started again. */
    @Test
    void aSecondFailureFurtherLeftBeginsTheRestartAnew() {
        deploy(four(Strategy.REST_FOR_ONE, 3));
        ordered();
        vms.fail("c");
        while (!vms.log().contains("go c")) {
            vms.step(false);
        }
        vms.fail("a");
        vms.quieten();
        assertThat(ordered().subList(0, 2)).containsExactly("hold d", "go c");
        assertThat(List.of("a", "b", "c", "d")).allMatch(vms::isReady);
        assertThat(status("c").restarts()).isEqualTo(2);
    }

    // ---- changes

    private static Deployment abc(int memoryOfB, String... names) {
        Fleets fleet = new Fleets();
        for (String name : names) {
            fleet.vm(name, RestartMode.TRANSIENT, "app", name.equals("b") ? memoryOfB : 256);
        }
        return fleet.group("app", Strategy.REST_FOR_ONE, 3, "", names).deployment();
    }

    private List<String> orderedAfter(Deployment change) {
        return orderedAfter(() -> tree.change(change, Set.of()));
    }

    @Test
    void aChangeStopsReplacesAndStartsWhatDiffers() {
        vms.connect(tree);
        orderedAfter(abc(256, "a", "b", "c", "d"));
        assertThat(orderedAfter(abc(128, "a", "b", "c", "e")))
                .containsExactly("stop d", "stop b", "launch b", "launch e");
        assertThat(orderedAfter(abc(128, "a", "b", "c", "e"))).isEmpty();
    }

    @Test
    void aChangeOfGroupsOnlyRewires() {
        deploy(four(Strategy.ONE_FOR_ONE, 3));
        Deployment other = new Fleets()
                .vms("left", "a", "b")
                .vms("right", "c")
                .vm("d", RestartMode.PERMANENT, "")
                .group("left", Strategy.ONE_FOR_ALL, 3, "", "a", "b")
                .group("right", Strategy.ONE_FOR_ALL, 3, "", "c")
                .deployment();
        assertThat(orderedAfter(other)).containsExactly("resupervise d");
        assertThat(orderedAfter(() -> vms.fail("b"))).containsExactly("hold a", "go a", "go b");
    }

    @Test
    void aChangeStartsAnewWhatHadBeenGivenUp() {
        deploy(four(Strategy.ONE_FOR_ONE, 0));
        vms.fail("a");
        vms.quieten();
        assertThat(status("app").state()).isEqualTo(MemberStatus.State.FAILED);
        assertThat(orderedAfter(four(Strategy.ONE_FOR_ONE, 3).deployment()))
                .containsExactly("launch a", "launch b", "launch c", "launch d");
    }

    @Test
    void aChangeStartsAgainWhatIsOverOnlyIfThatIsWanted() {
        Fleets fleet = four(Strategy.REST_FOR_ONE, 3).vm("job", RestartMode.TEMPORARY, "");
        deploy(fleet);
        vms.powerOff("b");
        vms.powerOff("job");
        vms.quieten();
        assertThat(orderedAfter(fleet.deployment())).isEmpty();
        assertThat(status("b").state()).isEqualTo(MemberStatus.State.ENDED);
        assertThat(orderedAfter(() -> tree.change(fleet.deployment(), Set.of("b", "c", "nobody"))))
                .containsExactly("launch b");
        assertThat(status("b").state()).isEqualTo(MemberStatus.State.READY);
        assertThat(status("job").state()).isEqualTo(MemberStatus.State.ENDED);
    }

    // ---- ordered restarts

    @Test
    void aRestartOfOneIsNotCountedAndConcernsNoSibling() {
        deploy(four(Strategy.REST_FOR_ONE, 0));
        assertThat(orderedAfter(() -> tree.restart("b"))).containsExactly("hold b", "go b");
        assertThat(tree.isSettled("b")).isTrue();
    }

    @Test
    void aRestartOfAGroupStopsAndStartsAllOfIt() {
        deploy(nested(Strategy.ONE_FOR_ONE, 0, Strategy.ONE_FOR_ONE, 0));
        assertThat(orderedAfter(() -> tree.restart("mid"))).containsExactly("hold m2", "hold m1", "go m1", "go m2");
    }

    @Test
    void aRestartOfWhatIsOverStartsIt() {
        deploy(new Fleets().vm("job", RestartMode.TEMPORARY, "").vm("other", RestartMode.TRANSIENT, ""));
        vms.powerOff("job");
        vms.quieten();
        assertThat(orderedAfter(() -> tree.restart("job"))).containsExactly("launch job");
    }
}
