package vmette.actors;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;

/**
 * The first words to a restored guest's agent: RESTORE, and again while the guest's clock may be too late, since a frame that is long
 * on its way brings an old time. One incarnation's; not for several threads.
 */
final class Renewal {
    /** The most that the guest's clock may be late; it is the time from RESTORE to RESTORED at worst. */
    static final Duration MOST_LATE = Duration.ofMillis(50);

    /** On a host so loaded that none of these is quick enough the last one has to do, and how late is told. */
    static final int MOST_ATTEMPTS = 4;

    private final InstanceId instance;
    private final String hostname;
    private final List<String> environment;
    private final InstantSource wall;
    private final LongSupplier nanos;
    private final Consumer<HostFrame> link;
    private Optional<VmRenewal> best = Optional.empty();
    private Duration stepped = Duration.ZERO;
    private long sent;
    private int attempts;

    /**
     * @param instance what the guest is known by from now on
     * @param hostname the guest's name
     * @param environment the base of every command's environment
     * @param wall this host's clock, looked at as RESTORE is sent
     * @param nanos a clock that never jumps
     * @param link where frames go
     */
    Renewal(
            InstanceId instance,
            String hostname,
            List<String> environment,
            InstantSource wall,
            LongSupplier nanos,
            Consumer<HostFrame> link) {
        this.instance = instance;
        this.hostname = hostname;
        this.environment = environment;
        this.wall = wall;
        this.nanos = nanos;
        this.link = link;
    }

    /** @throws InvalidConfigException if this host's clock is out of range, or the environment too large for a frame */
    void ask() {
        attempts++;
        sent = nanos.getAsLong();
        link.accept(new HostFrame.Restore(wall.instant(), Entropy.fresh(), instance, hostname, environment));
    }

    /** The agent has answered. Present: the guest is renewed; empty: it was asked again. */
    Optional<VmRenewal> onRestored(AgentFrame.Restored restored) {
        Duration late = Duration.ofNanos(nanos.getAsLong() - sent);
        stepped = stepped.plus(restored.stepped());
        // Each attempt only brings the clock closer, so it is as late as the quickest left it.
        Duration latest = best.map(VmRenewal::late)
                .filter(former -> former.compareTo(late) < 0)
                .orElse(late);
        best = Optional.of(new VmRenewal(instance, stepped, restored.took(), latest, attempts));
        if (late.compareTo(MOST_LATE) > 0 && attempts < MOST_ATTEMPTS) {
            ask();
            return Optional.empty();
        }
        return best;
    }

    /** Whether this answers what was asked. */
    boolean answers(AgentFrame.Restored restored) {
        return restored.instance().equals(instance);
    }
}
