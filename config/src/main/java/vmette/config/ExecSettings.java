package vmette.config;

import java.time.Duration;

/**
 * {@code vmette.exec}: the end of a command's life.
 *
 * @param outputGrace how long output of processes left behind is waited for, not negative
 * @param killGrace between TERM and KILL to the process group, not negative
 * @param claimTimeout how long an unread stream waits for its reader, positive
 * @param replayBuffer bytes of each output that the guest keeps of a detached command, 4 KiB to 64 MiB
 */
public record ExecSettings(Duration outputGrace, Duration killGrace, Duration claimTimeout, int replayBuffer) {
    /** Checks what is given. */
    public ExecSettings {
        Checks.notNegative("exec.output-grace", outputGrace);
        Checks.notNegative("exec.kill-grace", killGrace);
        Checks.positive("exec.claim-timeout", claimTimeout);
        Checks.range("exec.replay-buffer", replayBuffer, ExecSpec.Replay.MIN_BYTES, ExecSpec.Replay.MAX_BYTES);
    }
}
