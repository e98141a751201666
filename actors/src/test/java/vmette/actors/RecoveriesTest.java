package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;
import vmette.errors.ForeignSnapshotException;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmetteException;
import vmette.recovery.Decision;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Rung;
import vmette.recovery.Snapshot;

/** What follows a restore that failed. */
class RecoveriesTest {
    private final FakeShelf shelf = new FakeShelf().golden("golden");

    private Decision after(VmetteException refusal) {
        RecoverySettings settings = new RecoverySettings(
                RestartMode.PERMANENT,
                9,
                Duration.ofMinutes(5),
                new RecoverySettings.Backoff(Duration.ofSeconds(1), Duration.ofSeconds(1), 0),
                Duration.ofSeconds(1),
                2);
        Recoveries recoveries = new Recoveries(Supervision.by(RecoveryPolicy.of(settings), shelf));
        Incarnation incarnation = new Incarnation(
                "vm",
                2,
                new Origin(Rung.GOLDEN, Optional.of(new Snapshot("golden", Instant.EPOCH, 0))),
                new CompletableFuture<>(),
                null,
                Instant.EPOCH);
        VmFailure failure = new VmFailure(
                "vm",
                2,
                new VmFailure.NotStarted(refusal),
                false,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty());
        return recoveries
                .decided(recoveries.blamed(failure, incarnation))
                .next()
                .orElseThrow();
    }

    @Test
    void oneThatMayPassIsTriedAgain() {
        assertThat(after(new RestoreFailedException("damaged", null))).isInstanceOf(Decision.Restore.class);
        assertThat(shelf.said).containsExactly("failed golden");
    }

    @Test
    void aSnapshotOfAnotherMachineIsNotTriedAgain() {
        assertThat(after(new ForeignSnapshotException("does not fit"))).isInstanceOf(Decision.RestartCold.class);
        assertThat(shelf.said).containsExactly("discard golden");
    }
}
