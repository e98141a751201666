package vmette.liveness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.LivenessSettings;

class LivenessRulesTest {
    private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final LivenessSettings SETTINGS =
            new LivenessSettings(INTERVAL, Duration.ofSeconds(5), Duration.ofSeconds(20), Duration.ofSeconds(40), 4);

    private final LivenessRules rules = new LivenessRules(SETTINGS);
    private Course course = Course.aliveAt(START);
    private Instant now = START;
    private long ticks = 1000;

    private Verdict look(
            Duration later, boolean progress, boolean paused, Optional<MonitorState> monitor, double load) {
        now = now.plus(later);
        LivenessRules.Judgement judgement = rules.judge(course, new Sample(now, progress, paused, monitor, load));
        course = judgement.course();
        return judgement.verdict();
    }

    private Verdict silent(String monitor, double load) {
        if (monitor.equals("?")) {
            return look(INTERVAL, false, false, Optional.empty(), load);
        }
        ticks += monitor.endsWith("+") ? 300 : 0;
        return look(INTERVAL, false, false, Optional.of(new MonitorState(monitor.charAt(0), ticks)), load);
    }

    private static String word(Verdict verdict) {
        return verdict.getClass().getSimpleName();
    }

    /**
     * What is seen: a letter of the monitor's state, with + if it has used processor time since the look before; ? if it cannot be told; ! progress,
     * p a pause.
     */
    private Verdict looks(String seen, double load) {
        Verdict verdict = new Verdict.Alive();
        for (String one : seen.split(" ", -1)) {
            assertThat(verdict.isFinal()).as("before %s in %s", one, seen).isFalse();
            verdict = switch (one) {
                case "!" -> look(INTERVAL, true, false, Optional.of(new MonitorState('S', ticks)), load);
                case "p" -> look(INTERVAL, false, true, Optional.of(new MonitorState('S', ticks)), load);
                default -> silent(one, load);
            };
        }
        return verdict;
    }

    // ---- the table: looks at intervals of 5 s; stopped after 5 s, dead after 20, hung after 40, stretched up to 4
    // times

    @ParameterizedTest
    @CsvSource({
        "!, 0, Alive",
        "! ! p !, 0, Alive",
        "S+, 0, Swamped",
        "S+ !, 0, Alive",
        // seven silent looks are 35 s, the eighth makes 40
        "S+ S+ S+ S+ S+ S+ S+, 0, Swamped",
        "S+ S+ S+ S+ S+ S+ S+ R+, 0, Hung",
        "? ? ? ? ? ? ?, 0, Swamped",
        "? ? ? ? ? ? ? ?, 0, Hung",
        // progress and a pause end what was counted
        "S+ S+ S+ S+ S+ S+ S+ ! S+, 0, Swamped",
        "S+ S+ S+ S+ S+ S+ S+ p S+, 0, Swamped",
        // the first look at the monitor has none before it to compare with
        "S S S S, 0, Swamped",
        "S S S S S, 0, Dead",
        "D D D D D, 0, Dead",
        "Z Z Z Z Z, 0, Dead",
        "S S S S+ S S S, 0, Swamped",
        "S S S ? S S S, 0, Swamped",
        "S S S S+ S S S S, 0, Dead",
        "S S S S S+ S S S, 0, Hung",
        "S S S S+ ! S S S S S, 0, Dead",
        // stopped: the first look counts for nothing, the second for one interval
        "T, 0, Swamped",
        "T T, 0, Stopped",
        "t t, 0, Stopped",
        "T t, 0, Stopped",
        "T S+ T, 0, Swamped",
        "T ! T, 0, Swamped",
        "T p T, 0, Swamped",
        "T ? T, 0, Swamped",
        "S+ S+ S+ S+ S+ S+ S+ T, 0, Swamped",
        "S+ S+ S+ S+ S+ S+ S+ T S+, 0, Hung",
        "S S S S T S, 0, Dead",
        // load: up to 1 for each processor means nothing; 2 gives twice as long; 9 no more than 4 times
        "S+ S+ S+ S+ S+ S+ S+ R+, 1, Hung",
        "S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+, 2, Swamped",
        "S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+ S+, 2, Hung",
        "S S S S S S S S, 2, Swamped",
        "S S S S S S S S S, 2, Dead",
        "T T, 4, Stopped",
        "S+ S+ S+ S+ S+ S+ S+ R+, NaN, Hung",
        "S+ S+ S+ S+ S+ S+ S+ R+, -1, Hung",
    })
    void isTakenFor(String seen, double load, String verdict) {
        assertThat(word(looks(seen, load))).isEqualTo(verdict);
    }

    @Test
    void theStretchIsBounded() {
        for (int i = 1; i < 32; i++) {
            assertThat(silent("R+", 1e9).isFinal()).as("look %d", i).isFalse();
        }
        assertThat(silent("R+", Double.POSITIVE_INFINITY)).isInstanceOf(Verdict.Hung.class);
    }

    @Test
    void loadCountsWhileItLasts() {
        for (int i = 0; i < 8; i++) {
            silent("R+", 4);
        }
        assertThat(course.silent()).isEqualTo(Duration.ofSeconds(10));
        for (int i = 0; i < 5; i++) {
            assertThat(silent("R+", 0.5).isFinal()).isFalse();
        }
        assertThat(silent("R+", 0.5)).isInstanceOf(Verdict.Hung.class);
    }

    @Test
    void aLookThatComesLateCountsAsOne() {
        Duration hour = Duration.ofHours(1);
        Optional<MonitorState> idle = Optional.of(new MonitorState('S', 1));
        look(INTERVAL, false, false, idle, 0);
        assertThat(look(hour, false, false, idle, 0)).isInstanceOf(Verdict.Swamped.class);
        assertThat(course.silent()).isEqualTo(INTERVAL.multipliedBy(2));
        assertThat(course.idle()).isEqualTo(INTERVAL);

        course = Course.aliveAt(now);
        Optional<MonitorState> stopped = Optional.of(new MonitorState('T', 1));
        LivenessRules patient = new LivenessRules(new LivenessSettings(
                INTERVAL, Duration.ofSeconds(30), Duration.ofSeconds(20), Duration.ofSeconds(40), 1));
        Verdict verdict = new Verdict.Alive();
        for (int i = 0; i < 3; i++) {
            now = now.plus(hour);
            LivenessRules.Judgement judgement = patient.judge(course, new Sample(now, false, false, stopped, 0));
            course = judgement.course();
            verdict = judgement.verdict();
        }
        assertThat(verdict).isInstanceOf(Verdict.Swamped.class);
        assertThat(course.stopped()).isEqualTo(INTERVAL.multipliedBy(2));
    }

    @Test
    void aClockThatWentBackCountsForNothing() {
        silent("S+", 0);
        look(Duration.ofHours(-1), false, false, Optional.empty(), 0);
        assertThat(course.silent()).isEqualTo(INTERVAL);
    }

    @Test
    void figuresTellWhatLedToIt() {
        silent("R+", 0);
        look(INTERVAL, false, false, Optional.of(new MonitorState('T', ticks)), 0);
        for (int i = 0; i < 6; i++) {
            silent("R+", 0);
        }
        ticks += 20;
        Verdict verdict = look(Duration.ofSeconds(8), false, false, Optional.of(new MonitorState('D', ticks)), 1);
        assertThat(verdict)
                .isEqualTo(new Verdict.Hung(new Silence(
                        Duration.ofSeconds(48),
                        Duration.ofSeconds(40),
                        Duration.ZERO,
                        Optional.of(new MonitorState('D', ticks)),
                        Duration.ofMillis(18_200),
                        1)));
    }

    @Test
    void withoutAnIntervalThereAreNoRules() {
        LivenessSettings off =
                new LivenessSettings(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1), 1);
        assertThatThrownBy(() -> new LivenessRules(off)).isInstanceOf(IllegalArgumentException.class);
    }
}
