package vmette.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;
import vmette.vmm.SnapshotSink;

/** The state of a VM whose memory is a shared file, which QEMU leaves alone. */
final class OwnState implements StateTeller {
    private final QmpDialogue qmp;
    private final Path socket;

    /** @param socket is made there, and gone when the state is told */
    OwnState(QmpDialogue qmp, Path socket) throws QmpException {
        this.qmp = qmp;
        this.socket = socket;
        qmp.ask("migrate-set-capabilities", SavedState.CAPABILITIES);
    }

    @Override
    public void tell(SnapshotSink sink) throws QmpException, IOException {
        Optional<Outgoing> migration = Optional.empty();
        try (StateSocket listening = StateSocket.listen(socket)) {
            migration = Optional.of(Outgoing.begin(qmp, socket));
            try (InputStream state = listening.accept(QmpDialogue.PATIENCE)) {
                sink.state(state);
            }
        } finally {
            // If not all was taken QEMU knows it by now.
            if (migration.isPresent()) {
                migration.get().awaitEnd(QmpDialogue.PATIENCE);
            }
        }
        migration.get().requireComplete();
    }

    @Override
    public void close() {}
}
