package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.errors.NotSupportedException;
import vmette.errors.SaveFailedException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/** What every {@link Vmm} owes. A subclass makes monitors; each test's are told to quit and awaited at its end. */
public abstract class VmmContract {
    private static final long DEADLINE_SECONDS = 60;

    private final List<Vmm> made = new ArrayList<>();

    /** A monitor, not started, whose guest runs until it is ended from outside. */
    protected abstract Vmm create() throws Exception;

    /** A monitor, not started, whose start fails. */
    protected abstract Vmm createUnstartable() throws Exception;

    /** Ends the process of a running monitor from outside, without a word. */
    protected abstract void crash(Vmm vmm) throws Exception;

    /** A monitor that this test's end cleans up. */
    protected final Vmm fresh() throws Exception {
        return track(create());
    }

    /** Lets this test's end clean up. */
    protected final Vmm track(Vmm vmm) {
        made.add(vmm);
        return vmm;
    }

    /** Waits with a generous deadline. */
    protected static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @AfterEach
    final void endAll() throws Exception {
        for (Vmm vmm : made) {
            vmm.quit();
            await(vmm.whenExited());
        }
    }

    @Test
    void startsAndStaysUntilToldToQuit() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();

        vmm.quit();

        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
    }

    @Test
    void quitsOnlyOnce() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        vmm.quit();
        vmm.quit();
        VmmExit exit = await(vmm.whenExited());
        vmm.quit();
        assertThat(await(vmm.whenExited())).isEqualTo(exit);
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.REQUESTED);
    }

    @Test
    void quitDuringTheStartEndsIt() throws Exception {
        Vmm vmm = fresh();
        CompletionStage<Void> start = vmm.start();
        vmm.quit();
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
        assertThat(start.toCompletableFuture()).isDone();
    }

    @Test
    void quitBeforeTheStartKeepsItFromStarting() throws Exception {
        Vmm vmm = fresh();
        vmm.quit();
        VmmExit exit = await(vmm.whenExited());
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.REQUESTED);
        assertThat(exit.exitCode()).isEqualTo(-1);
        assertFailure(vmm.start(), VmetteException.class);
    }

    @Test
    void startsOnce() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        assertFailure(vmm.start(), IllegalStateException.class);
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }

    private static void assumePauses(Vmm vmm) {
        assumeTrue(vmm.capabilities().pauses(), "this monitor holds no guests");
    }

    private static void assumeSaves(Vmm vmm) {
        assumeTrue(vmm.capabilities().snapshots(), "this monitor saves no VMs");
    }

    /** What it does not claim it refuses, by type, and the guest runs on. */
    @Test
    void refusesWhatItCannotDo() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        if (!vmm.capabilities().pauses()) {
            assertFailure(vmm.pause(), NotSupportedException.class);
            assertFailure(vmm.resume(), NotSupportedException.class);
        }
        if (!vmm.capabilities().snapshots()) {
            assertFailure(vmm.snapshot(GO_ON, new RecordingSink(vmm)), SnapshotUnsupportedException.class);
        }
        assertThat(vmm.isPaused()).isFalse();
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }

    @Test
    void pausesAndResumes() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        assumePauses(vmm);
        assertThat(vmm.isPaused()).isFalse();
        await(vmm.pause());
        await(vmm.pause());
        assertThat(vmm.isPaused()).isTrue();
        await(vmm.resume());
        await(vmm.resume());
        assertThat(vmm.isPaused()).isFalse();
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }

    @Test
    void quitsWhilePaused() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        assumePauses(vmm);
        await(vmm.pause());
        vmm.quit();
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
    }

    private static final SnapshotOrder GO_ON = new SnapshotOrder(Duration.ofSeconds(DEADLINE_SECONDS), false);
    private static final SnapshotOrder QUIT = new SnapshotOrder(Duration.ofSeconds(DEADLINE_SECONDS), true);

    /** A monitor, not started, whose VM can be saved. */
    protected abstract Vmm createSaveable() throws Exception;

    /** Reads the state, and remembers what it was told in which order. */
    protected static final class RecordingSink implements SnapshotSink {
        private final Vmm vmm;
        private final List<String> told = new ArrayList<>();
        private byte[] state = {};
        private RuntimeException failure;

        /** @param vmm who is saved */
        public RecordingSink(Vmm vmm) {
            this.vmm = vmm;
        }

        /** From now on it throws that instead of reading. */
        public RecordingSink failing(RuntimeException with) {
            failure = with;
            return this;
        }

        /** What it read. */
        public byte[] state() {
            return state;
        }

        @Override
        public void state(InputStream from) {
            told.add("state" + (vmm.isPaused() ? " of a VM that stands still" : ""));
            if (failure != null) {
                throw failure;
            }
            try {
                state = from.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void standsStill() {
            told.add("memory" + (vmm.isPaused() ? " of a VM that stands still" : ""));
        }
    }

    @Test
    void savesAndGoesOnAsOftenAsAsked() throws Exception {
        Vmm vmm = track(createSaveable());
        assumeSaves(vmm);
        await(vmm.start());
        assertThat(vmm.capabilities().snapshots()).isTrue();
        for (int i = 0; i < 2; i++) {
            RecordingSink sink = new RecordingSink(vmm);
            await(vmm.snapshot(GO_ON, sink));
            assertThat(sink.told)
                    .containsExactly("state of a VM that stands still", "memory of a VM that stands still");
            assertThat(sink.state).isNotEmpty();
            assertThat(vmm.isPaused()).isFalse();
        }
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }

    @Test
    void savesAndEnds() throws Exception {
        Vmm vmm = track(createSaveable());
        assumeSaves(vmm);
        await(vmm.start());
        await(vmm.snapshot(QUIT, new RecordingSink(vmm)));
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
    }

    @Test
    void goesOnWhenWhatIsToldCannotBeTaken() throws Exception {
        Vmm vmm = track(createSaveable());
        assumeSaves(vmm);
        await(vmm.start());
        RecordingSink full = new RecordingSink(vmm).failing(new SaveFailedException("the disk is full", null));
        assertFailure(vmm.snapshot(QUIT, full), SaveFailedException.class);
        assertThat(full.told).hasSize(1);
        assertThat(vmm.isPaused()).isFalse();
        await(vmm.snapshot(GO_ON, new RecordingSink(vmm)));
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }

    @Test
    void isNotSavedWhilePaused() throws Exception {
        Vmm vmm = track(createSaveable());
        assumeSaves(vmm);
        await(vmm.start());
        await(vmm.pause());
        assertFailure(vmm.snapshot(GO_ON, new RecordingSink(vmm)), SaveFailedException.class);
        assertThat(vmm.isPaused()).isTrue();
    }

    @Test
    void takesNoCommandsBeforeTheStart() throws Exception {
        Vmm vmm = fresh();
        assertFailure(vmm.pause(), IllegalStateException.class);
        assertFailure(vmm.resume(), IllegalStateException.class);
        Vmm saveable = track(createSaveable());
        assertFailure(saveable.snapshot(GO_ON, new RecordingSink(saveable)), IllegalStateException.class);
    }

    @Test
    void takesNoCommandsAfterTheEnd() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        vmm.quit();
        await(vmm.whenExited());
        assertFailure(vmm.pause(), VmLostException.class);
        assertFailure(vmm.resume(), VmLostException.class);
        assertFailure(vmm.snapshot(GO_ON, new RecordingSink(vmm)), VmLostException.class);
    }

    @Test
    void failedStartSaysWhyAndExits() throws Exception {
        Vmm vmm = track(createUnstartable());
        assertFailure(vmm.start(), VmetteException.class);
        VmmExit exit = await(vmm.whenExited());
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertThat(exit.detail()).isNotBlank();
    }

    @Test
    void crashIsReportedAsSuch() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        crash(vmm);
        VmmExit exit = await(vmm.whenExited());
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.CRASHED);
        assertThat(exit.exitCode()).isEqualTo(137);
    }

    @Test
    void describesItself() throws Exception {
        Vmm vmm = fresh();
        assertThat(vmm.consoleTail()).isEmpty();
        assertThat(vmm.capabilities().accelerator()).isIn("kvm", "tcg", "none", "unknown");
        assertThat(vmm.capabilities().description()).isNotBlank();
    }

    /** The stage fails with this kind of failure and a message. */
    protected static void assertFailure(CompletionStage<?> stage, Class<? extends Throwable> type) {
        assertThatThrownBy(() -> await(stage))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(type)
                .message()
                .isNotBlank();
    }
}
