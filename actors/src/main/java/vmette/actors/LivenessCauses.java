package vmette.actors;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import vmette.config.Durations;
import vmette.config.LivenessSettings;
import vmette.liveness.Silence;
import vmette.liveness.Verdict;

/** What a verdict is as the end of an incarnation, with the figures that led to it. */
final class LivenessCauses {
    private LivenessCauses() {}

    /**
     * The cause that a verdict is.
     *
     * @param pid of the monitor, as far as known
     * @return empty for a verdict that ends nothing
     */
    static Optional<VmFailure.Cause> of(Verdict verdict, Optional<Long> pid, LivenessSettings settings) {
        if (verdict instanceof Verdict.Stopped && pid.isPresent()) {
            return Optional.of(new VmFailure.Stopped(pid.get()));
        } else if (verdict instanceof Verdict.Dead dead && pid.isPresent()) {
            return Optional.of(
                    new VmFailure.Dead(pid.get(), rounded(dead.silence().idle())));
        } else if (verdict instanceof Verdict.Hung hung) {
            return Optional.of(new VmFailure.Hung(rounded(hung.silence().lasted()), text(hung.silence(), settings)));
        }
        return Optional.empty();
    }

    private static String text(Silence silence, LivenessSettings settings) {
        StringBuilder text = new StringBuilder("neither an answer of its agent nor a byte of anything else");
        silence.monitor().ifPresent(monitor -> text.append(", while its monitor (state ")
                .append(monitor.state())
                .append(") used ")
                .append(Durations.text(silence.cpu()))
                .append(" of processor time"));
        text.append("; ").append(Durations.text(rounded(silence.counted())));
        text.append(String.format(
                Locale.ROOT, " of it count (load %.1f for each processor of the host)", silence.loadPerCore()));
        return text + ", vmette.liveness.hung-after is " + Durations.text(settings.hungAfter());
    }

    private static Duration rounded(Duration duration) {
        return Duration.ofMillis(duration.toMillis());
    }
}
