package vmette.actors;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import vmette.config.LivenessSettings;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;
import vmette.liveness.Course;
import vmette.liveness.LivenessRules;
import vmette.liveness.MonitorState;
import vmette.liveness.Sample;
import vmette.liveness.Verdict;
import vmette.machine.Machine;
import vmette.machine.Vitals;
import vmette.process.ProcessStat;

/**
 * Watches over one incarnation that is ready: asks its agent for signs of life, looks at its monitor, and has {@link LivenessRules} judge.
 * The incarnation's own; not for several threads.
 */
final class Liveness {
    /** Of all its pings: it has no second one under way. The others' begin with 1. */
    private static final long NONCE = 0;

    private final LivenessRules rules;
    private final LivenessSettings settings;
    private final InstantSource clock;
    private final Machine machine;
    private final AgentLink link;
    private Course course;
    private Verdict verdict = new Verdict.Alive();
    private boolean heard = true;
    private boolean asked;
    private long payloads;

    /**
     * Of a guest that has just said that it is ready.
     *
     * @param settings with an interval above 0
     */
    Liveness(LivenessSettings settings, InstantSource clock, Machine machine, AgentLink link) {
        this.rules = new LivenessRules(settings);
        this.settings = settings;
        this.clock = clock;
        this.machine = machine;
        this.link = link;
        this.course = Course.aliveAt(clock.instant());
    }

    /** The agent says something. */
    void heard(AgentFrame frame) {
        heard = true;
        if (frame instanceof AgentFrame.Pong pong && pong.nonce() == NONCE) {
            asked = false;
        }
    }

    /** Whether nothing has come from the guest between the last two looks. */
    boolean isSilent() {
        return verdict instanceof Verdict.Swamped;
    }

    /**
     * Looks once more, and asks the agent again if it owes no answer: one question waits for it and no more, however long it is silent.
     *
     * @return why the incarnation is to be ended, if so
     */
    Optional<VmFailure.Cause> look() {
        Instant now = clock.instant();
        Vitals vitals = machine.vitals();
        boolean progress = heard || vitals.payloads() != payloads;
        heard = false;
        payloads = vitals.payloads();
        LivenessRules.Judgement judgement = rules.judge(
                course,
                new Sample(
                        now, progress, vitals.paused(), vitals.monitor().map(Liveness::state), vitals.loadPerCore()));
        course = judgement.course();
        verdict = judgement.verdict();
        if (!asked) {
            asked = true;
            link.send(new HostFrame.Ping(NONCE));
        }
        return LivenessCauses.of(verdict, vitals.monitor().map(ProcessStat::pid), settings);
    }

    private static MonitorState state(ProcessStat stat) {
        return new MonitorState(stat.state(), stat.cpuTicks());
    }
}
