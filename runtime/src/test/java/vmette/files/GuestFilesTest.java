package vmette.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.japi.Pair;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.errors.GuestFileException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.stream.SystemStreams;

class GuestFilesTest {
    private static final ByteString HELLO = ByteString.fromString("hello");

    private static ActorSystem<Void> system;

    @BeforeAll
    static void start() {
        system = ActorSystem.create(Behaviors.empty(), "files");
    }

    @AfterAll
    static void stop() {
        system.terminate();
    }

    private FakeBuiltIns builtIns = new FakeBuiltIns(Source.single(HELLO), "");

    private GuestFiles files() {
        return new GuestFiles("test", builtIns, new SystemStreams(CompletableFuture.completedStage(system)));
    }

    private static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new CompletionException(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("nothing happened", e);
        }
    }

    private FakeBuiltIns.Fake next() {
        try {
            return java.util.Objects.requireNonNull(builtIns.started.poll(60, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Pair<CompletionStage<Done>, CompletionStage<List<ByteString>>> reading() {
        return files().read("/file").toMat(Sink.seq(), Keep.both()).run(system);
    }

    @Test
    void aReadEndsWhenTheGuestHasSaidSo() {
        var read = reading();
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("read", "/file", "0");
        assertThat(fake.spec.stdin()).isFalse();
        assertThat(read.second().toCompletableFuture()).isNotDone();
        fake.exit(0);
        assertThat(await(read.second())).containsExactly(HELLO);
        assertThat(await(read.first())).isEqualTo(Done.getInstance());
        assertThat(fake.ended).isNotDone();
    }

    @Test
    void aReadFailsWithTheGuestsErrnoHoweverItsOutputEnded() {
        builtIns = new FakeBuiltIns(Source.single(HELLO), "/file: it\u001b said\n");
        var read = files().readTree("/file").toMat(Sink.seq(), Keep.both()).run(system);
        next().exit(5);
        for (CompletionStage<?> end : List.of(read.first(), read.second())) {
            GuestFileException failure = catchThrowableOfType(GuestFileException.class, () -> await(end));
            assertThat(failure.errno()).isEqualTo(5);
            assertThat(failure.reason()).isEqualTo("EIO");
            assertThat(failure.path()).isEqualTo("/file");
            assertThat(failure)
                    .hasMessage(
                            "cannot read the tree /file in VM test: input/output error (EIO); the guest says: /file:"
                                    + " it\\x1b said");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1,EPERM,1",
        "133,errno 133,133",
        "134,STATUS_134,0",
        "200,BAD_ARCHIVE,0",
        "202,UNSAFE_NAME,0",
        "255,STATUS_255,0"
    })
    void everyStatusHasAReason(int status, String reason, int errno) {
        CompletionStage<Done> made = files().mkdir("/d", 0755);
        next().exit(status);
        GuestFileException failure = catchThrowableOfType(GuestFileException.class, () -> await(made));
        assertThat(failure.reason()).isEqualTo(reason);
        assertThat(failure.errno()).isEqualTo(errno);
    }

    /** However soon the guest answers that it has ended: here at once. */
    @Test
    void aReadThatIsCancelledIsEnded() {
        builtIns = new FakeBuiltIns(Source.repeat(HELLO), "");
        var read = files().read("/file").toMat(Sink.queue(), Keep.both()).run(system);
        FakeBuiltIns.Fake fake = next();
        CompletionStage<Void> answered =
                fake.ended.thenRun(() -> fake.outcome.complete(new BuiltIns.Outcome(false, 13)));
        assertThat(await(read.second().pull())).contains(HELLO);
        read.second().cancel();
        await(answered);
        assertThatThrownBy(() -> await(read.first())).isInstanceOf(CancellationException.class);
    }

    @Test
    void nothingRunsBeforeItIsMaterialisedAndEachTimeAnew() {
        Source<ByteString, CompletionStage<Done>> source = files().read("/file");
        assertThat(builtIns.started).isEmpty();
        source.to(Sink.ignore()).run(system);
        source.to(Sink.ignore()).run(system);
        next().exit(0);
        next().exit(0);
    }

    @Test
    void aWriteIsFramedAndCompletesWhenTheGuestConfirms() {
        CompletionStage<Done> written = Source.from(List.of(HELLO, ByteString.emptyByteString(), HELLO))
                .runWith(files().write("/100%", 0640), system);
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("write", "/100%25", "640", "replace");
        await(fake.inputEnd);
        assertThat(fake.input.stream().reduce(ByteString.emptyByteString(), ByteString::concat))
                .isEqualTo(ByteString.fromString("\5\0\0\0hello\5\0\0\0hello\0\0\0\0"));
        assertThat(written.toCompletableFuture()).isNotDone();
        fake.exit(0);
        await(written);
    }

    @Test
    void aWriteWhoseSourceFailsSendsNoEndAndFailsAlike() {
        CompletionStage<Done> written = Source.single(HELLO)
                .concat(Source.failed(new IllegalStateException("broke")))
                .runWith(files().write("/file", 0644), system);
        FakeBuiltIns.Fake fake = next();
        assertThatThrownBy(() -> await(fake.inputEnd)).hasMessage("broke");
        assertThat(fake.input).allMatch(bytes -> bytes.size() == 9);
        await(fake.ended);
        assertThat(written.toCompletableFuture()).isNotDone();
        fake.exit(125);
        assertThatThrownBy(() -> await(written)).hasMessage("broke");
    }

    @Test
    void aWriteFailsWithTheGuestsErrnoThoughTheSourceFailedToo() {
        CompletionStage<Done> written = Source.<ByteString>failed(new IllegalStateException("broke"))
                .runWith(files().write("/file", 0644), system);
        next().exit(28);
        assertThatThrownBy(() -> await(written)).hasMessageContaining("ENOSPC");
    }

    @Test
    void theLossOfTheVmIsTheFailure() {
        VmLostException lost = new VmLostException("gone");
        var read = reading();
        next().outcome.completeExceptionally(lost);
        assertThatThrownBy(() -> await(read.second())).isSameAs(lost);
        CompletionStage<Done> written = Source.single(HELLO).runWith(files().write("/file", 0644), system);
        next().outcome.completeExceptionally(lost);
        assertThatThrownBy(() -> await(written)).isSameAs(lost);
    }

    private static final FileEntry ENTRY =
            new FileEntry("x", FileKind.FILE, 0644, 3, 0, 0, 1, Instant.EPOCH, Optional.empty(), 0, 0);

    private static Source<ByteString, NotUsed> records(int count) {
        return Source.repeat(Records.of(ENTRY, 0100000)).take(count);
    }

    @Test
    void aListIsWhatTheGuestTells() {
        builtIns = new FakeBuiltIns(records(3), "");
        CompletionStage<List<FileEntry>> listed = files().list("/d").runWith(Sink.seq(), system);
        next().exit(0);
        assertThat(await(listed)).containsExactly(ENTRY, ENTRY, ENTRY);
    }

    @Test
    void aListThatEndsWithinARecordIsRefused() {
        builtIns = new FakeBuiltIns(records(1).map(bytes -> bytes.dropRight(1)), "");
        CompletionStage<List<FileEntry>> listed = files().list("/d").runWith(Sink.seq(), system);
        next().exit(0);
        assertThatThrownBy(() -> await(listed))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("half a record");
    }

    @Test
    void aStatHasTheNameAskedForAndIsOne() {
        builtIns = new FakeBuiltIns(records(1), "");
        CompletionStage<FileEntry> told = files().stat("/a/name/");
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("stat", "/a/name/");
        fake.exit(0);
        assertThat(await(told)).isEqualTo(ENTRY.named("name"));
        builtIns = new FakeBuiltIns(records(2), "");
        CompletionStage<FileEntry> two = files().statLink("/a");
        next().exit(0);
        assertThatThrownBy(() -> await(two)).isInstanceOf(VmetteIoException.class);
    }

    @Test
    void aWordForPeopleIsBounded() {
        builtIns = new FakeBuiltIns(Source.empty(), "x".repeat(1_000_000));
        CompletionStage<Done> removed = files().removeTree("/d");
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("remove", "/d", "recursive");
        fake.exit(1);
        assertThatThrownBy(() -> await(removed))
                .satisfies(failure -> assertThat(failure.getMessage()).hasSizeLessThan(1200));
    }

    @Test
    void aStatThatTellsOfFilesWithoutEndIsEnded() {
        FileEntry entry = new FileEntry("", FileKind.FILE, 0644, 1, 0, 0, 1, Instant.EPOCH, Optional.empty(), 0, 0);
        builtIns = new FakeBuiltIns(Source.repeat(Records.of(entry, 0100000)), "");
        CompletionStage<FileEntry> told = files().stat("/file");
        FakeBuiltIns.Fake fake = next();
        assertThatThrownBy(() -> await(told))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("several files")
                .hasMessageContaining("protocol");
        await(fake.ended);
    }
}
