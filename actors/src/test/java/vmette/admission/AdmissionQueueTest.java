package vmette.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.config.WhenFull;

class AdmissionQueueTest {
    private Instant now = Instant.EPOCH;

    private static Entrant vm(String name, String group, long memory, WhenFull whenFull) {
        return new Entrant(name, group, memory, whenFull);
    }

    private static Entrant vm(String name) {
        return vm(name, "", 1, WhenFull.QUEUE);
    }

    /** What is told, as {@code vm: KIND}. */
    private List<String> enter(AdmissionQueue queue, Entrant entrant) {
        now = now.plusSeconds(1);
        return told(queue.enter(entrant, now));
    }

    private static List<String> told(List<Verdict> verdicts) {
        return verdicts.stream()
                .map(verdict -> verdict.entrant().vm + ": " + verdict.kind())
                .toList();
    }

    private static List<String> waiting(AdmissionQueue queue) {
        return queue.status().waiting().stream()
                .map(AdmissionStatus.Waiting::vm)
                .toList();
    }

    @Test
    void soManyStartAtOnceAndTheNextInTheOrderOfTheirComing() {
        AdmissionQueue queue = new AdmissionQueue(2, 100, 10);
        Entrant a = vm("a");
        assertThat(enter(queue, a)).containsExactly("a: ADMITTED");
        assertThat(enter(queue, vm("b"))).containsExactly("b: ADMITTED");
        assertThat(enter(queue, vm("c"))).isEmpty();
        assertThat(enter(queue, vm("d"))).isEmpty();
        assertThat(queue.status().starting()).isEqualTo(2);
        assertThat(waiting(queue)).containsExactly("c", "d");
        assertThat(told(queue.settled(a))).containsExactly("c: ADMITTED");
        assertThat(told(queue.settled(a))).as("told twice").isEmpty();
        assertThat(told(queue.end(a))).isEmpty();
        assertThat(waiting(queue)).containsExactly("d");
    }

    @Test
    void memoryIsKeptUntilTheVmHasEnded() {
        AdmissionQueue queue = new AdmissionQueue(5, 100, 10);
        Entrant a = vm("a", "", 60, WhenFull.QUEUE);
        Entrant b = vm("b", "", 60, WhenFull.QUEUE);
        assertThat(enter(queue, a)).containsExactly("a: ADMITTED");
        assertThat(enter(queue, b)).isEmpty();
        assertThat(queue.settled(a)).isEmpty();
        assertThat(queue.status().waiting().get(0).forMemory()).isTrue();
        assertThat(queue.status().memoryMib()).isEqualTo(60);
        assertThat(enter(queue, a)).as("again").containsExactly("a: ADMITTED");
        assertThat(queue.status().memoryMib()).isEqualTo(60);
        assertThat(told(queue.end(a))).containsExactly("b: ADMITTED");
        assertThat(queue.status().memoryMib()).isEqualTo(60);
    }

    @Test
    void whoHasGivenHisMemoryBackWaitsForItAndIsNotRefused() {
        AdmissionQueue queue = new AdmissionQueue(5, 100, 0);
        Entrant a = vm("a", "", 60, WhenFull.FAIL);
        Entrant b = vm("b", "", 60, WhenFull.FAIL);
        enter(queue, a);
        queue.settled(a);
        assertThat(queue.vacate(a)).isEmpty();
        assertThat(queue.status().memoryMib()).isZero();
        assertThat(enter(queue, b)).containsExactly("b: ADMITTED");
        queue.settled(b);
        assertThat(enter(queue, a)).isEmpty();
        AdmissionStatus.Waiting waits = queue.status().waiting().get(0);
        assertThat(waits.again()).isTrue();
        assertThat(waits.forMemory()).isTrue();
        assertThat(enter(queue, vm("new", "", 50, WhenFull.QUEUE)))
                .as("of those that wait for the first time none may")
                .containsExactly("new: REFUSED");
        assertThat(told(queue.end(b))).containsExactly("a: ADMITTED");
        assertThat(told(queue.end(a))).isEmpty();
        assertThat(queue.status().memoryMib()).isZero();
    }

    @Test
    void memoryThatIsGivenBackIsSomebodyElsesAtOnce() {
        AdmissionQueue queue = new AdmissionQueue(5, 100, 10);
        Entrant a = vm("a", "", 60, WhenFull.QUEUE);
        enter(queue, a);
        queue.settled(a);
        assertThat(enter(queue, vm("b", "", 60, WhenFull.QUEUE))).isEmpty();
        assertThat(told(queue.vacate(a))).containsExactly("b: ADMITTED");
    }

    @Test
    void whatCanNeverFitIsRefused() {
        AdmissionQueue queue = new AdmissionQueue(5, 100, 10);
        assertThat(enter(queue, vm("a", "", 101, WhenFull.QUEUE))).containsExactly("a: TOO_LARGE");
        assertThat(enter(queue, vm("b", "", 100, WhenFull.QUEUE))).containsExactly("b: ADMITTED");
    }

    @Test
    void whoHasBeenUpGoesFirst() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 1);
        Entrant a = vm("a");
        Entrant b = vm("b");
        enter(queue, a);
        queue.settled(a);
        enter(queue, b);
        assertThat(enter(queue, vm("c"))).isEmpty();
        assertThat(enter(queue, vm("d"))).containsExactly("d: REFUSED");
        assertThat(enter(queue, a))
                .as("no place among those that wait is needed")
                .isEmpty();
        assertThat(queue.status().waiting().get(0).again()).isTrue();
        assertThat(told(queue.settled(b)))
                .as("before one that has waited longer")
                .containsExactly("a: ADMITTED");
        assertThat(told(queue.settled(a))).containsExactly("c: ADMITTED");
    }

    @Test
    void whoFailsAgainAndAgainKeepsNobodyOut() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 10);
        Entrant a = vm("a");
        Entrant b = vm("b");
        enter(queue, a);
        queue.settled(a);
        enter(queue, b);
        enter(queue, vm("new"));
        // Each comes back before the other has failed.
        List<String> order = new ArrayList<>();
        Entrant up = b;
        Entrant down = a;
        while (order.size() < AdmissionQueue.AGAIN_IN_A_ROW + 1) {
            enter(queue, down);
            Entrant next = queue.settled(up).get(0).entrant();
            order.add(next.vm);
            down = up;
            up = next;
        }
        assertThat(order).endsWith("new").startsWith("a", "b", "a", "b").hasSize(5);
    }

    @Test
    void groupsTakeTurns() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 10);
        Entrant first = vm("first");
        enter(queue, first);
        for (String name : List.of("x1", "x2", "x3")) {
            enter(queue, vm(name, "x", 1, WhenFull.QUEUE));
        }
        enter(queue, vm("y1", "y", 1, WhenFull.QUEUE));
        enter(queue, vm("z1", "z", 1, WhenFull.QUEUE));
        List<String> order = new ArrayList<>();
        List<Verdict> verdicts = queue.end(first);
        while (!verdicts.isEmpty()) {
            order.add(verdicts.get(0).entrant().vm);
            verdicts = queue.end(verdicts.get(0).entrant());
        }
        assertThat(order).containsExactly("x1", "y1", "z1", "x2", "x3");
    }

    @Test
    void whoWaitsForMemoryLetsSomePassAndThenNobody() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 100);
        Entrant small = vm("s0", "small", 30, WhenFull.QUEUE);
        enter(queue, small);
        Entrant large = vm("large", "large", 90, WhenFull.QUEUE);
        enter(queue, large);
        for (int each = 1; each <= AdmissionQueue.PATIENCE + 5; each++) {
            enter(queue, vm("s" + each, "small", 30, WhenFull.QUEUE));
        }
        int passed = 0;
        Entrant up = small;
        List<Entrant> kept = new ArrayList<>();
        while (true) {
            // The next starts beside the former, which keeps its memory until then.
            List<Verdict> next = queue.settled(up);
            kept.add(up);
            if (next.isEmpty()) {
                next = queue.end(kept.remove(0));
            }
            if (next.isEmpty() || next.get(0).entrant() == large) {
                break;
            }
            passed++;
            up = next.get(0).entrant();
        }
        assertThat(passed).isEqualTo(AdmissionQueue.PATIENCE);
        List<Verdict> next = List.of();
        while (next.isEmpty()) {
            next = queue.end(kept.remove(0));
        }
        assertThat(told(next)).containsExactly("large: ADMITTED");
    }

    @Test
    void whoIsNotToWaitIsRefused() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 10);
        assertThat(enter(queue, vm("a", "", 1, WhenFull.FAIL))).containsExactly("a: ADMITTED");
        assertThat(enter(queue, vm("b", "", 1, WhenFull.FAIL))).containsExactly("b: REFUSED");
        assertThat(waiting(queue)).isEmpty();
    }

    @Test
    void whoWaitsLongestIsGivenUpForALaterOneIfItIsToBe() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 3);
        enter(queue, vm("up"));
        enter(queue, vm("other", "few", 1, WhenFull.SHED));
        enter(queue, vm("a", "many", 1, WhenFull.QUEUE));
        enter(queue, vm("b", "many", 1, WhenFull.SHED));
        assertThat(enter(queue, vm("c", "many", 1, WhenFull.QUEUE))).containsExactly("b: SHED");
        assertThat(enter(queue, vm("d", "many", 1, WhenFull.QUEUE))).containsExactly("other: SHED");
        assertThat(enter(queue, vm("e", "new", 1, WhenFull.SHED))).containsExactly("e: REFUSED");
        assertThat(waiting(queue)).containsExactly("a", "c", "d");
    }

    @Test
    void whoIsStoppedLeavesTheQueueAndLetsOthersPass() {
        AdmissionQueue queue = new AdmissionQueue(2, 100, 100);
        Entrant up = vm("up", "", 50, WhenFull.QUEUE);
        Entrant large = vm("large", "", 80, WhenFull.QUEUE);
        Entrant small = vm("small", "", 10, WhenFull.QUEUE);
        enter(queue, up);
        enter(queue, large);
        assertThat(enter(queue, small)).as("behind it in its group").isEmpty();
        assertThat(told(queue.cancel(large))).containsExactly("large: CANCELLED", "small: ADMITTED");
        assertThat(queue.cancel(large)).isEmpty();
        assertThat(told(queue.end(small))).isEmpty();
        assertThat(queue.status().memoryMib()).isEqualTo(50);
    }

    @Test
    void nobodyEntersTwice() {
        AdmissionQueue queue = new AdmissionQueue(1, 100, 10);
        Entrant a = vm("a");
        enter(queue, a);
        assertThatThrownBy(() -> enter(queue, a)).isInstanceOf(IllegalStateException.class);
    }
}
