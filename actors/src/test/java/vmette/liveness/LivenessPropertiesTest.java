package vmette.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import vmette.config.LivenessSettings;

/** A VM that is looked at again and again, until it is given up or nobody looks any more. */
class LivenessPropertiesTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** One look, and what was before it. */
    record Look(int afterMillis, boolean progress, boolean paused, Optional<Character> state, int ticks, double load) {
        Look with(double other) {
            return new Look(afterMillis, progress, paused, state, ticks, other);
        }
    }

    private record Watched(List<Verdict> verdicts, List<Course> courses) {
        int lasted() {
            return verdicts.size();
        }

        Verdict last() {
            return verdicts.get(lasted() - 1);
        }
    }

    private static Watched watch(LivenessSettings settings, List<Look> looks) {
        LivenessRules rules = new LivenessRules(settings);
        Watched watched = new Watched(new ArrayList<>(), new ArrayList<>());
        Course course = Course.aliveAt(START);
        Instant now = START;
        long ticks = 0;
        for (Look look : looks) {
            now = now.plusMillis(look.afterMillis());
            ticks += look.ticks();
            long used = ticks;
            Optional<MonitorState> monitor = look.state().map(letter -> new MonitorState(letter, used));
            LivenessRules.Judgement judgement =
                    rules.judge(course, new Sample(now, look.progress(), look.paused(), monitor, look.load()));
            course = judgement.course();
            watched.verdicts().add(judgement.verdict());
            watched.courses().add(course);
            if (judgement.verdict().isFinal()) {
                break;
            }
        }
        return watched;
    }

    @Provide
    Arbitrary<LivenessSettings> settings() {
        Arbitrary<Integer> patience = Arbitraries.integers().between(2, 12);
        return Combinators.combine(
                        Arbitraries.integers().between(1, 5000),
                        Arbitraries.integers().between(0, 20_000),
                        patience,
                        patience,
                        Arbitraries.doubles().between(1, 8))
                .as((interval, stopped, dead, hung, stretch) -> new LivenessSettings(
                        Duration.ofMillis(interval),
                        Duration.ofMillis(stopped),
                        Duration.ofMillis((long) interval * dead),
                        Duration.ofMillis((long) interval * hung),
                        stretch));
    }

    private static Arbitrary<Look> look(Arbitrary<Boolean> progress, Arbitrary<Boolean> paused) {
        return Combinators.combine(
                        Arbitraries.oneOf(
                                Arbitraries.integers().between(0, 6000),
                                Arbitraries.integers().between(0, 10_000_000)),
                        progress,
                        paused,
                        Arbitraries.of('R', 'S', 'D', 'T', 't', 'Z').optional(0.9),
                        Arbitraries.of(0, 0, 0, 1, 500),
                        Arbitraries.doubles().between(0, 20))
                .as(Look::new);
    }

    @Provide
    Arbitrary<List<Look>> looks() {
        Arbitrary<Boolean> seldom = Arbitraries.of(true, false, false, false, false, false, false, false, false, false);
        return look(seldom, seldom).list().ofMinSize(1).ofMaxSize(120);
    }

    @Provide
    Arbitrary<List<Look>> silences() {
        Arbitrary<Boolean> never = Arbitraries.just(false);
        return look(never, never).list().ofMinSize(1).ofMaxSize(120);
    }

    @Property
    void progressAndPausesAreNeverCondemned(
            @ForAll("settings") LivenessSettings settings, @ForAll("looks") List<Look> looks) {
        Watched watched = watch(settings, looks);
        for (int i = 0; i < watched.lasted(); i++) {
            boolean excused = looks.get(i).progress() || looks.get(i).paused();
            assertThat(watched.verdicts().get(i) instanceof Verdict.Alive).isEqualTo(excused);
        }
    }

    @Property
    void whatIsHeardAtLeastOnceInAnIntervalIsNeverCondemned(
            @ForAll("settings") LivenessSettings settings, @ForAll("silences") List<Look> looks) {
        List<Look> alive = new ArrayList<>();
        for (Look look : looks) {
            alive.add(look);
            alive.add(new Look(look.afterMillis(), true, false, look.state(), look.ticks(), look.load()));
        }
        assertThat(watch(settings, alive).verdicts())
                .noneMatch(Verdict::isFinal)
                .hasSize(alive.size());
    }

    @Property
    void moreLoadNeverCondemnsEarlier(
            @ForAll("settings") LivenessSettings settings,
            @ForAll("looks") List<Look> looks,
            @ForAll @DoubleRange(min = 0, max = 10) double more) {
        List<Look> loaded =
                looks.stream().map(look -> look.with(look.load() + more)).toList();
        Watched less = watch(settings, looks);
        Watched greater = watch(settings, loaded);
        assertThat(greater.lasted()).isGreaterThanOrEqualTo(less.lasted());
        if (!less.last().isFinal()) {
            assertThat(greater.last().isFinal()).isFalse();
        }
    }

    @Property
    void aVerdictHasItsFigures(@ForAll("settings") LivenessSettings settings, @ForAll("looks") List<Look> looks) {
        Watched watched = watch(settings, looks);
        Verdict verdict = watched.last();
        Look look = looks.get(watched.lasted() - 1);
        if (verdict instanceof Verdict.Stopped stopped) {
            assertThat(look.state().orElseThrow()).isIn('T', 't');
            assertThat(looks.get(watched.lasted() - 2).state().orElseThrow()).isIn('T', 't');
            assertThat(stopped.seen()).isGreaterThanOrEqualTo(settings.stoppedAfter());
        } else if (verdict instanceof Verdict.Dead dead) {
            assertThat(dead.silence().idle()).isGreaterThanOrEqualTo(settings.deadAfter());
            assertThat(look.state().orElseThrow()).isNotIn('T', 't');
            assertThat(look.ticks()).isZero();
        } else if (verdict instanceof Verdict.Hung hung) {
            assertThat(hung.silence().counted()).isGreaterThanOrEqualTo(settings.hungAfter());
            assertThat(hung.silence().lasted())
                    .isGreaterThanOrEqualTo(hung.silence().counted());
        }
    }

    /** However late looks come, each costs a guest an interval at the most. */
    @Property
    void aLateLookCountsAtMostAnInterval(
            @ForAll("settings") LivenessSettings settings, @ForAll("silences") List<Look> looks) {
        Watched watched = watch(settings, looks);
        Course before = Course.aliveAt(START);
        for (Course course : watched.courses()) {
            assertThat(course.silent().minus(before.silent())).isBetween(Duration.ZERO, settings.interval());
            assertThat(course.idle().minus(before.idle())).isLessThanOrEqualTo(settings.interval());
            assertThat(course.stopped().minus(before.stopped())).isLessThanOrEqualTo(settings.interval());
            before = course;
        }
    }

    /** Bounded: silence is not suffered for ever, whatever the load, if looks come on time and nobody stops the monitor. */
    @Property
    void silenceEnds(@ForAll("settings") LivenessSettings settings, @ForAll("silences") List<Look> looks) {
        int most = 2
                + (int) Math.ceil(settings.mostStretch()
                        * settings.hungAfter().toMillis()
                        / settings.interval().toMillis());
        List<Look> punctual = new ArrayList<>();
        while (punctual.size() < most) {
            for (Look look : looks) {
                punctual.add(new Look(
                        (int) settings.interval().toMillis(),
                        false,
                        false,
                        look.state().filter(letter -> letter != 'T' && letter != 't'),
                        look.ticks(),
                        look.load()));
            }
        }
        assertThat(watch(settings, punctual).last()).isInstanceOfAny(Verdict.Hung.class, Verdict.Dead.class);
    }

    @Property
    void whatWasBeforeProgressIsForgotten(
            @ForAll("settings") LivenessSettings settings, @ForAll("silences") List<Look> looks) {
        LivenessRules rules = new LivenessRules(settings);
        Course course = Course.aliveAt(START);
        Instant now = START;
        for (Look look : looks) {
            now = now.plusMillis(look.afterMillis());
            course = rules.judge(course, new Sample(now, false, false, Optional.empty(), look.load()))
                    .course();
        }
        assertThat(rules.judge(course, new Sample(now, true, false, Optional.empty(), 0))
                        .course())
                .isEqualTo(Course.aliveAt(now));
    }
}
