package vmette.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.config.WhenFull;

/** Whatever is asked in whatever order. */
class AdmissionQueuePropertyTest {
    private final Set<Entrant> waiting = new HashSet<>();
    private final Set<Entrant> starting = new HashSet<>();
    private final Set<Entrant> up = new HashSet<>();
    private final Set<Entrant> away = new HashSet<>();
    private final Set<Entrant> known = new HashSet<>();
    private Instant now = Instant.EPOCH;

    private Instant later() {
        now = now.plusSeconds(1);
        return now;
    }

    @Property
    void limitsHoldAndEverybodyIsToldOnceAndNobodyIsForgotten(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 4) int slots,
            @ForAll @IntRange(min = 1, max = 20) int memory,
            @ForAll @IntRange(min = 0, max = 6) int longest) {
        Random random = new Random(seed);
        AdmissionQueue queue = new AdmissionQueue(slots, memory, longest);
        List.of(waiting, starting, up, away, known).forEach(Set::clear);
        for (int step = 0; step < 200; step++) {
            act(random, queue, memory);
            check(queue, slots, memory, longest);
        }
        // Everybody who waits comes up if those who are up end, and in the end nothing is held.
        for (int turn = 0; !known.isEmpty(); turn++) {
            assertThat(turn).isLessThan(1000);
            Set<Entrant> last = new HashSet<>(starting);
            last.addAll(up);
            last.addAll(away);
            assertThat(last).as("somebody comes up, or nobody waits").isNotEmpty();
            for (Entrant each : last) {
                leave(each);
                take(queue.end(each), null);
            }
            check(queue, slots, memory, longest);
        }
        assertThat(queue.status()).isEqualTo(new AdmissionStatus(0, slots, 0, memory, List.of()));
    }

    private void act(Random random, AdmissionQueue queue, int memory) {
        switch (random.nextInt(6)) {
            case 0, 1 -> {
                Entrant entrant = new Entrant(
                        "vm" + known.size(),
                        "g" + random.nextInt(3),
                        1 + random.nextInt(memory + 1),
                        List.of(WhenFull.values()).get(random.nextInt(3)));
                known.add(entrant);
                waiting.add(entrant);
                take(queue.enter(entrant, later()), entrant);
            }
            case 2 ->
                any(random, starting).forEach(each -> {
                    starting.remove(each);
                    up.add(each);
                    take(queue.settled(each), null);
                });
            case 4 ->
                any(random, up).forEach(each -> {
                    up.remove(each);
                    away.add(each);
                    take(queue.vacate(each), null);
                });
            case 5 ->
                any(random, away).forEach(each -> {
                    away.remove(each);
                    waiting.add(each);
                    take(queue.enter(each, later()), each);
                });
            case 3 ->
                any(random, known).forEach(each -> {
                    if (random.nextBoolean()) {
                        take(queue.cancel(each), null);
                    } else {
                        take(queue.end(each), null);
                        leave(each);
                    }
                });
            default ->
                any(random, up).forEach(each -> {
                    up.remove(each);
                    waiting.add(each);
                    take(queue.enter(each, later()), each);
                });
        }
    }

    private static List<Entrant> any(Random random, Set<Entrant> of) {
        List<Entrant> all = new ArrayList<>(of);
        all.sort((a, b) -> a.vm.compareTo(b.vm));
        return all.isEmpty() ? List.of() : List.of(all.get(random.nextInt(all.size())));
    }

    private void leave(Entrant entrant) {
        List.of(waiting, starting, up, away, known).forEach(set -> set.remove(entrant));
    }

    private void take(List<Verdict> verdicts, Entrant asking) {
        Map<Entrant, Verdict.Kind> told = new HashMap<>();
        for (Verdict verdict : verdicts) {
            Entrant entrant = verdict.entrant();
            assertThat(told.put(entrant, verdict.kind())).as("told once").isNull();
            assertThat(waiting.remove(entrant)).as("it waited").isTrue();
            switch (verdict.kind()) {
                case ADMITTED -> starting.add(entrant);
                case REFUSED, TOO_LARGE -> {
                    assertThat(entrant).isSameAs(asking);
                    assertThat(entrant.known)
                            .as("what has been up is never refused")
                            .isFalse();
                    leave(entrant);
                }
                case SHED -> {
                    assertThat(entrant.whenFull).isEqualTo(WhenFull.SHED);
                    assertThat(entrant.known).isFalse();
                    leave(entrant);
                }
                case CANCELLED -> {
                    // What has been up keeps its memory until its end.
                    if (entrant.reserved) {
                        up.add(entrant);
                    } else if (entrant.known) {
                        away.add(entrant);
                    } else {
                        leave(entrant);
                    }
                }
            }
        }
    }

    private void check(AdmissionQueue queue, int slots, int memory, int longest) {
        AdmissionStatus status = queue.status();
        assertThat(status.starting()).isEqualTo(starting.size()).isLessThanOrEqualTo(slots);
        assertThat(status.memoryMib())
                .isEqualTo(known.stream()
                        .filter(each -> each.reserved)
                        .mapToLong(each -> each.memoryMib)
                        .sum())
                .isLessThanOrEqualTo(memory);
        assertThat(status.waiting()).hasSameSizeAs(waiting);
        assertThat(status.waiting().stream().filter(each -> !each.again()).count())
                .isLessThanOrEqualTo(longest);
        assertThat(waiting).noneMatch(each -> !each.known && each.whenFull == WhenFull.FAIL);
    }
}
