package vmette.liveness;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import vmette.config.LivenessSettings;

/**
 * Judges a VM by looks at it. Progress of any kind, and a pause, make it alive and end what was counted. Silence is counted in time that
 * the guest could have used:
 *
 * <ul>
 *   <li>Between two looks at most one interval counts. A look that comes late says that this process, or the whole host, did not run:
 *       then the guest did not either, or could not be heard.
 *   <li>What counts is divided by the host's load for each processor, if that is above 1, but by no more than the settings allow: a guest
 *       that gets a quarter of a processor has four times as long.
 *   <li>While the monitor is stopped nothing counts but that.
 * </ul>
 *
 * Immutable.
 */
public final class LivenessRules {
    private final LivenessSettings settings;

    /** What became of a look. */
    public record Judgement(Course course, Verdict verdict) {}

    /** @param settings with an interval above 0 */
    public LivenessRules(LivenessSettings settings) {
        if (!settings.isOn()) {
            throw new IllegalArgumentException("without an interval nobody looks");
        }
        this.settings = Objects.requireNonNull(settings, "settings");
    }

    /** Judges by one more look. */
    public Judgement judge(Course before, Sample sample) {
        if (sample.progress() || sample.paused()) {
            return new Judgement(Course.aliveAt(sample.at()), new Verdict.Alive());
        }
        boolean stopped = sample.monitor().filter(MonitorState::isStopped).isPresent();
        Course course = stopped ? whileStopped(before, sample) : onwards(before, sample);
        return new Judgement(course, verdict(course, sample, before.wasStopped() && stopped));
    }

    private Course whileStopped(Course before, Sample sample) {
        Duration stopped = before.wasStopped() ? before.stopped().plus(elapsed(before, sample)) : Duration.ZERO;
        return course(before, sample, before.silent(), before.idle(), stopped);
    }

    private Course onwards(Course before, Sample sample) {
        Duration counted = divided(elapsed(before, sample), sample.loadPerCore());
        boolean worked = sample.monitor().isEmpty()
                || before.last().isEmpty()
                || before.last().get().cpuTicks() != sample.monitor().get().cpuTicks();
        return course(
                before,
                sample,
                before.silent().plus(counted),
                worked ? Duration.ZERO : before.idle().plus(counted),
                Duration.ZERO);
    }

    private static Course course(Course before, Sample sample, Duration silent, Duration idle, Duration stopped) {
        Optional<MonitorState> first = before.first().or(sample::monitor);
        return new Course(
                later(before.at(), sample.at()), before.heard(), silent, idle, stopped, first, sample.monitor());
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private Verdict verdict(Course course, Sample sample, boolean stoppedTwice) {
        Silence silence = course.silence(sample.loadPerCore());
        if (course.wasStopped()) {
            return stoppedTwice && course.stopped().compareTo(settings.stoppedAfter()) >= 0
                    ? new Verdict.Stopped(silence, course.stopped())
                    : new Verdict.Swamped(silence);
        }
        if (course.idle().compareTo(settings.deadAfter()) >= 0) {
            return new Verdict.Dead(silence);
        }
        return course.silent().compareTo(settings.hungAfter()) >= 0
                ? new Verdict.Hung(silence)
                : new Verdict.Swamped(silence);
    }

    private Duration elapsed(Course before, Sample sample) {
        Duration elapsed = Duration.between(before.at(), sample.at());
        if (elapsed.isNegative()) {
            return Duration.ZERO;
        }
        return elapsed.compareTo(settings.interval()) > 0 ? settings.interval() : elapsed;
    }

    private Duration divided(Duration counted, double loadPerCore) {
        double stretch = loadPerCore > 1 ? Math.min(loadPerCore, settings.mostStretch()) : 1;
        return stretch == 1 ? counted : Duration.ofNanos((long) (counted.toNanos() / stretch));
    }
}
