package vmette.liveness;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a guest has sent nothing, in figures.
 *
 * @param lasted as time passed
 * @param counted as the rules count it: less where looks came late, where the host was loaded, and while the monitor was stopped
 * @param idle how much of that the monitor has used no processor time for, up to now
 * @param monitor as it was last seen
 * @param cpu what it has used meanwhile; zero if that cannot be told
 * @param loadPerCore of the host at the last look
 */
public record Silence(
        Duration lasted,
        Duration counted,
        Duration idle,
        Optional<MonitorState> monitor,
        Duration cpu,
        double loadPerCore) {}
