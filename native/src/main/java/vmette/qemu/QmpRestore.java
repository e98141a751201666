package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.RestoreFailedException;

/** Lets a QEMU that was started with {@code -incoming defer} take its state from standard input, and its guest go on. */
final class QmpRestore {
    private QmpRestore() {}

    /** The same for another monitor's VM, which is then waited for: completes when it can be told. */
    static CompletionStage<JsonNode> listen(BootSource.Incoming incoming, QmpConnection qmp) {
        return qmp.execute("migrate-set-capabilities", SavedState.WITH_MEMORY)
                .thenCompose(set -> qmp.execute("migrate-incoming", Map.of("uri", "unix:" + incoming.socket())));
    }

    /** Completes when the guest has been told to go on, on the connection's thread. */
    static CompletionStage<JsonNode> run(QemuLaunch launch, QmpConnection qmp, EventWaits events) {
        CompletableFuture<JsonNode> over = events.next("MIGRATION", SavedState::isOver);
        CompletionStage<JsonNode> loaded = qmp.execute("migrate-set-capabilities", SavedState.CAPABILITIES)
                .thenCompose(set -> qmp.execute("migrate-incoming", Map.of("uri", "fd:0")))
                .thenCompose(begun -> over)
                .thenApply(end -> {
                    if (!SavedState.isComplete(end)) {
                        throw new RestoreFailedException(
                                "VM " + launch.name()
                                        + " cannot go on from its snapshot: QEMU could not load the state",
                                null);
                    }
                    return end;
                });
        CompletionStage<JsonNode> plugged = launch.vsock()
                ? loaded.thenCompose(end -> qmp.execute("chardev-add", SavedState.channel(launch)))
                        .thenCompose(added -> qmp.execute("device_add", SavedState.device()))
                : loaded;
        return plugged.thenCompose(whole -> qmp.execute("cont", Map.of()));
    }
}
