package vmette.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteException;
import vmette.vmm.SnapshotSink;

/**
 * The state of a VM whose memory is private: QEMU would write all of it into its state, where no other VM could share it. So a second monitor, with its memory in
 * a shared file, is told all of the VM, tells its own state, and ends; the VM has only been read.
 */
final class Flatten implements StateTeller {
    private static final Logger LOG = LoggerFactory.getLogger(Flatten.class);

    /** More than any host takes for a MiB. */
    private static final Duration MOST_PER_MIB = Duration.ofMillis(20);

    /** The last says that it failed, the one before why. */
    private static final int LINES_QUOTED = 2;

    private final QemuLaunch launch;
    private final QmpDialogue first;
    private final QemuVmm second;
    private final Path socket;
    private final Path states;

    private Flatten(QemuLaunch launch, QmpDialogue first, QemuVmm second, Path socket) {
        this.launch = launch;
        this.first = first;
        this.second = second;
        this.socket = socket;
        this.states = launch.stateSocket();
    }

    /**
     * Starts the second monitor, while the VM runs.
     *
     * @param first talks to the VM's
     * @param memory see {@link vmette.vmm.SnapshotOrder#memory}
     */
    static Flatten begin(QemuLaunch launch, QmpDialogue first, SecondMonitor monitor, Path memory)
            throws QmpException, IOException {
        first.ask("migrate-set-capabilities", SavedState.WITH_MEMORY);
        first.ask("migrate-set-parameters", SavedState.NO_LIMIT);
        Flatten begun = new Flatten(launch, first, monitor.create(memory), monitor.socket());
        try {
            begun.start();
            return begun;
        } catch (IOException | RuntimeException | Error e) {
            begun.close();
            throw e;
        }
    }

    private void start() throws IOException {
        CompletableFuture<Void> started = second.start().toCompletableFuture();
        ofSecond(() -> first.await(started, second.startTimeout().plus(QmpDialogue.PATIENCE)));
    }

    @Override
    public void tell(SnapshotSink sink) throws QmpException, IOException {
        try {
            copyAndTell(sink);
        } catch (IOException e) {
            // Whichever noticed first, the second may have said why.
            end();
            List<String> said = second.consoleTail();
            List<String> last = said.subList(Math.max(0, said.size() - LINES_QUOTED), said.size());
            throw last.isEmpty() ? e : new IOException(e.getMessage() + "; it said: " + String.join(" / ", last), e);
        }
    }

    private void copyAndTell(SnapshotSink sink) throws QmpException, IOException {
        Duration limit = QmpDialogue.PATIENCE.plus(MOST_PER_MIB.multipliedBy(launch.memoryMib()));
        long begun = System.nanoTime();
        CompletableFuture<?> taken = second.dialogue().events().next("MIGRATION", SavedState::isOver);
        Outgoing migration = Outgoing.begin(first, socket);
        try {
            migration.awaitEnd(limit);
        } finally {
            migration.cancel();
        }
        migration.requireComplete();
        // What the last bytes said may be wrong all the same.
        ofSecond(() -> first.await(taken, limit));
        LOG.debug(
                "the {} MiB of VM {} were copied in {} ms",
                launch.memoryMib(),
                launch.name(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
        ofSecond(() -> {
            try (OwnState state = new OwnState(second.dialogue(), states)) {
                state.tell(sink);
            }
            return null;
        });
    }

    /** Something that is asked of the second monitor, or told by it. */
    @FunctionalInterface
    private interface Step<T> {
        T take() throws QmpException, IOException, TimeoutException;
    }

    /** Its end is not the VM's. */
    private static <T> T ofSecond(Step<T> step) throws IOException {
        try {
            return step.take();
        } catch (SaveFailedException e) {
            throw e;
        } catch (QmpException | TimeoutException | VmetteException e) {
            throw new IOException("the second QEMU, which is saved in its stead, failed: " + e.getMessage(), e);
        }
    }

    /** It has told what it had to tell. */
    @Override
    public void close() {
        end();
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debug("{} goes with its directory", socket, e);
        }
    }

    /** It is killed, and waited for. */
    private void end() {
        second.kill();
        second.whenExited()
                .toCompletableFuture()
                .<Object>thenApply(exit -> exit)
                .completeOnTimeout("", QmpDialogue.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }
}
