package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import vmette.vmm.GuestText;

/** A migration out of one QEMU. Blocks. */
final class Outgoing {
    private final QmpDialogue qmp;
    private final CompletableFuture<JsonNode> over;

    private Outgoing(QmpDialogue qmp, CompletableFuture<JsonNode> over) {
        this.qmp = qmp;
        this.over = over;
    }

    /** @param socket where somebody listens */
    static Outgoing begin(QmpDialogue qmp, Path socket) throws QmpException {
        Outgoing begun = new Outgoing(qmp, qmp.events().next("MIGRATION", SavedState::isOver));
        try {
            qmp.ask("migrate", Map.of("uri", "unix:" + socket));
            return begun;
        } catch (QmpException e) {
            begun.over.cancel(false);
            throw e;
        }
    }

    /** Waits for its end, whatever that is: a VM must not go on in the middle of it. */
    void awaitEnd(Duration limit) throws QmpException, IOException {
        try {
            qmp.await(over, limit);
        } catch (TimeoutException e) {
            throw new IOException("QEMU does not end telling its state", e);
        }
    }

    /** Has it given up, if it goes on. */
    void cancel() throws QmpException, IOException {
        if (!over.isDone()) {
            qmp.ask("migrate_cancel");
            awaitEnd(QmpDialogue.PATIENCE);
        }
    }

    /** @throws IOException if it has not told all */
    void requireComplete() throws QmpException, IOException {
        if (!SavedState.isComplete(over.getNow(null))) {
            throw new IOException("QEMU could not tell its state: "
                    + GuestText.printable(
                            qmp.ask("query-migrate").path("error-desc").asText("it does not say why")));
        }
    }
}
