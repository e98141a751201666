package vmette.config;

import java.time.Duration;

/**
 * {@code vmette.exec}: the end of a command's life.
 *
 * @param outputGrace how long output of processes left behind is waited for, not negative
 * @param killGrace between TERM and KILL to the process group, not negative
 * @param claimTimeout how long an unread stream waits for its reader, positive
 */
public record ExecSettings(Duration outputGrace, Duration killGrace, Duration claimTimeout) {
    /** Checks what is given. */
    public ExecSettings {
        Checks.notNegative("exec.output-grace", outputGrace);
        Checks.notNegative("exec.kill-grace", killGrace);
        Checks.positive("exec.claim-timeout", claimTimeout);
    }
}
