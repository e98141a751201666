package vmette.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.testkit.Script.print;
import static vmette.testkit.Script.script;

import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.Execution;
import vmette.ExitStatus;
import vmette.VmHandle;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.VmSpec;
import vmette.errors.GuestConnectException;
import vmette.errors.GuestFileException;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.files.FileEntry;
import vmette.files.GuestFiles;

/** What programs in the kit's guests do. */
class VmetteTestKitTest {
    private final VmetteTestKit kit = VmetteTestKit.create();

    @AfterEach
    void close() {
        kit.close();
    }

    private VmHandle vm() {
        return kit.launch(VmSpec.builder().name("one").env("COLOUR", "blue").build());
    }

    private CompletionStage<String> text(Source<ByteString, ?> source) {
        return source.runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system())
                .thenApply(ByteString::utf8String);
    }

    private String output(Execution execution) {
        return kit.await(text(execution.stdout()));
    }

    @Test
    void aScriptWritesToBothOutputsAndExits() {
        kit.onExec("make test", print("ok\n").thenStderr("a warning\n").thenExit(3));
        Execution execution = vm().exec("make test");
        CompletionStage<String> out = text(execution.stdout());
        CompletionStage<String> err = text(execution.stderr());
        assertThat(kit.await(execution.status()).code()).isEqualTo(3);
        assertThat(kit.await(out)).isEqualTo("ok\n");
        assertThat(kit.await(err)).isEqualTo("a warning\n");
    }

    @Test
    void aFunctionSeesTheCommand() {
        kit.onExec(command -> print(command.vm() + " " + command.line() + " "
                + command.env().get("COLOUR") + " " + command.env().get("SIZE") + " "
                + command.directory().orElse("?") + " " + command.incarnation()));
        Execution execution =
                vm().exec(ExecSpec.of("paint", "-q").withEnv("SIZE", "9").withDirectory("/srv"));
        assertThat(output(execution)).isEqualTo("one paint -q blue 9 /srv 1");
    }

    @Test
    void theVmsOwnScriptsAndTheLatestComeFirst() {
        kit.onExec("who", print("everybody"));
        kit.onExec("who", print("everybody, later"));
        kit.vm("one").onExec("who", print("one"));
        assertThat(output(vm().exec("who"))).isEqualTo("one");
        VmHandle other = kit.launch(VmSpec.builder().name("other").build());
        assertThat(output(other.exec("who"))).isEqualTo("everybody, later");
    }

    @Test
    void aCommandWithoutAScriptIsRefusedByItsName() {
        kit.onExec("make", print(""));
        Execution execution = vm().exec("make coffee");
        assertThatThrownBy(() -> kit.await(execution.status()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("no script for make coffee: give the test kit one by onExec");
    }

    @Test
    void aFunctionThatThrowsIsSaidSo() {
        kit.onExec(command -> {
            throw new IllegalStateException("not today");
        });
        Execution execution = vm().exec("make");
        assertThatThrownBy(() -> kit.await(execution.status()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("not today");
    }

    @Test
    void inputGoesToTheScript() {
        kit.onExec("wc -c", Script.reading(input -> print(input.size() + "\n")));
        kit.onExec("cat", Script.cat());
        kit.onExec("sed s/^/re:/", script().thenAnswer(line -> "re:" + line));
        VmHandle vm = vm();
        assertThat(through(vm, "wc -c", "12345", "678")).isEqualTo("8\n");
        assertThat(through(vm, "cat", "12345", "678")).isEqualTo("12345678");
        assertThat(through(vm, "sed s/^/re:/", "a\nb", "c\nd")).isEqualTo("re:a\nre:bc\nre:d\n");
        assertThat(through(vm, "cat")).isEmpty();
    }

    private String through(VmHandle vm, String command, String... input) {
        Execution execution = vm.exec(command);
        CompletionStage<String> out = text(execution.stdout());
        Source.from(List.of(input)).map(ByteString::fromString).runWith(execution.stdin(), kit.system());
        assertThat(kit.await(execution.status()).isSuccess()).isTrue();
        return kit.await(out);
    }

    @Test
    void aReaderWithoutDemandHoldsTheProgramBack() {
        List<Long> made = new ArrayList<>();
        String line = "x".repeat(1023) + "\n";
        kit.onExec("yes", script().thenPrintEach(4096, number -> {
            made.add(number);
            return line;
        }));
        Execution execution = vm().exec("yes");
        CompletableFuture<Void> gate = new CompletableFuture<>();
        CompletionStage<Long> read = execution
                .stdout()
                .mapAsync(1, chunk -> gate.thenApply(open -> chunk))
                .runWith(Sink.fold(0L, (sum, chunk) -> sum + chunk.size()), kit.system());
        kit.advance(Duration.ofMinutes(1));
        // A pipe of 64 KiB, a credit of 256 KiB and what the stream itself holds.
        assertThat(made).hasSizeBetween(64, 64 + 256 + 4);
        assertThat(execution.status().toCompletableFuture()).isNotDone();
        gate.complete(null);
        assertThat(kit.await(read)).isEqualTo(4L << 20);
        assertThat(kit.await(execution.status()).isSuccess()).isTrue();
        assertThat(made).hasSize(4096);
    }

    @Test
    void aReaderThatCancelsIsSeenAsABrokenPipe() {
        kit.onExec("yes", script().thenPrintEach(Long.MAX_VALUE, number -> "y\n".repeat(500)));
        Execution execution = vm().exec("yes");
        Source.empty(ByteString.class).runWith(execution.stdin(), kit.system());
        CompletionStage<ByteString> first = execution.stdout().runWith(Sink.head(), kit.system());
        assertThat(kit.await(first).isEmpty()).isFalse();
        ExitStatus end = kit.await(execution.status());
        assertThat(end.kind()).isEqualTo(ExitStatus.Kind.SIGNALLED);
        assertThat(end.value()).isEqualTo(13);
    }

    @Test
    void signalsAndPausesEndWhatTheyShould() {
        kit.onExec("sleep 60", script().thenPause(Duration.ofSeconds(60)).thenPrint("awake"));
        kit.onExec("daemon", Script.forever());
        VmHandle vm = vm();
        Execution daemon = vm.exec("daemon");
        Execution sleep = vm.exec("sleep 60");
        CompletionStage<String> said = text(sleep.stdout());
        kit.advance(Duration.ofSeconds(59));
        assertThat(sleep.status().toCompletableFuture()).isNotDone();
        kit.advance(Duration.ofSeconds(1));
        assertThat(said.toCompletableFuture()).isCompletedWithValue("awake");
        daemon.signal(GuestSignal.TERM);
        assertThat(kit.await(daemon.status()).value()).isEqualTo(15);
    }

    @Test
    void portsAreServedByScripts() {
        kit.onVsock(7000, Script.cat());
        kit.onTcp(80, print("hello\n"));
        kit.onVsock(7001, Script.exit(1));
        VmHandle vm = vm();
        assertThat(kit.await(text(Source.single(ByteString.fromString("echo?"))
                        .viaMat(vm.vsock().connect(7000), Keep.right()))))
                .isEqualTo("echo?");
        assertThat(kit.await(text(Source.<ByteString>empty().via(vm.connectTcp(80)))))
                .isEqualTo("hello\n");
        assertThatThrownBy(() ->
                        kit.await(text(Source.<ByteString>maybe().via(vm.vsock().connect(7001)))))
                .isInstanceOf(VsockResetException.class);
        assertThatThrownBy(() ->
                        kit.await(text(Source.<ByteString>empty().via(vm.vsock().connect(7002)))))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("nothing accepts on guest port 7002");
        assertThatThrownBy(() -> kit.await(text(Source.<ByteString>empty().via(vm.connectTcp(81)))))
                .isInstanceOf(GuestConnectException.class);
    }

    @Test
    void aProgramDialsTheHost() {
        kit.onExec("report", script().thenVsockSend(9000, "all is well"));
        VmHandle vm = vm();
        assertThat(kit.await(vm.exec("report").status()).code()).isEqualTo(1);
        CompletionStage<String> report = vm.vsock()
                .bind(9000)
                .take(1)
                .flatMapConcat(incoming -> Source.<ByteString>empty().via(incoming.flow()))
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system())
                .thenApply(ByteString::utf8String);
        kit.settle();
        assertThat(kit.await(vm.exec("report").status()).isSuccess()).isTrue();
        assertThat(kit.await(report)).isEqualTo("all is well");
    }

    @Test
    void filesAreReadWrittenListedAndRemoved() {
        kit.onExec("report", script().thenSave("/var/log/report", "all is well\n"));
        VmHandle vm = vm();
        GuestFiles files = vm.files();
        assertThat(kit.await(vm.exec("report").status()).isSuccess()).isTrue();
        assertThat(kit.await(text(files.read("/var/log/report")))).isEqualTo("all is well\n");
        assertThat(kit.await(text(files.read("/var/log/report", 4, 2)))).isEqualTo("is");
        kit.await(files.mkdirs("/srv/a/b", 0700));
        kit.await(Source.from(List.of("one ", "two"))
                .map(ByteString::fromString)
                .runWith(files.write("/srv/a/50% \u00e9", 0640), kit.system()));
        List<FileEntry> listed = kit.await(files.list("/srv/a").runWith(Sink.seq(), kit.system()));
        assertThat(listed.stream().map(FileEntry::name)).containsExactlyInAnyOrder("b", "50% \u00e9");
        FileEntry told = kit.await(files.stat("/srv/a/50% \u00e9"));
        assertThat(told.isFile()).isTrue();
        assertThat(told.mode()).isEqualTo(0640);
        assertThat(told.size()).isEqualTo(7);
        assertThat(told.modified()).isEqualTo(kit.clock().instant());
        assertThatThrownBy(() -> kit.await(files.remove("/srv"))).hasMessageContaining("ENOTEMPTY");
        kit.await(files.removeTree("/srv"));
        assertThatThrownBy(() -> kit.await(files.stat("/srv")))
                .isInstanceOf(GuestFileException.class)
                .hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> kit.await(text(files.read("/tmp")))).hasMessageContaining("EISDIR");
        assertThatThrownBy(() -> kit.await(files.mkdir("/tmp", 0755))).hasMessageContaining("EEXIST");
        assertThatThrownBy(() -> kit.await(files.mkdir("/var/log/report/x", 0755)))
                .hasMessageContaining("ENOTDIR");
    }

    @Test
    void whatTheGuestsCannotDoIsRefusedInSoManyWords() {
        VmHandle vm = vm();
        assertThatThrownBy(() -> kit.await(text(vm.files().readTree("/tmp"))))
                .hasMessageContaining("pack and unpack no trees");
        assertThatThrownBy(() -> kit.await(vm.start(ExecSpec.shell("make").detached(ExecSpec.WhenFull.BLOCK))
                        .status()))
                .hasMessageContaining("run no detached commands");
    }

    @Test
    void stoppingPowersTheGuestOffAndCloseEndsTheRest() {
        VmHandle stopped = vm();
        assertThat(kit.await(stopped.ping())).isEqualTo(Duration.ZERO);
        kit.await(stopped.stop());
        VmHandle other = kit.launch(VmSpec.builder().name("other").build());
        assertThat(kit.vm("other").isRunning()).isTrue();
        kit.close();
        assertThat(other.ended().toCompletableFuture()).isCompleted();
        assertThat(kit.vm("other").isRunning()).isFalse();
        assertThat(kit.system().getWhenTerminated().toCompletableFuture()).isCompleted();
        kit.close();
    }

    @Test
    void whatCannotBeIsRefusedAtOnce() {
        assertThatThrownBy(() -> kit.vm(" ")).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> kit.onVsock(1024, Script.cat())).hasMessageContaining("the agent's");
        assertThatThrownBy(() -> kit.onVsock(0, Script.cat())).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> kit.onTcp(65536, Script.cat())).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> Script.exit(256)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> script().thenPause(Duration.ofSeconds(-1))).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> script().thenPrintEach(-1, number -> "")).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> script().thenVsockSend(0, "")).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> kit.advance(Duration.ofSeconds(-1))).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> kit.vm("nobody").crash())
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("launch it first");
        assertThatThrownBy(() -> VmetteTestKit.create("vmette.recovery.mode = sometimes"))
                .isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> VmetteTestKit.create("{")).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void anHourWithoutAnEndIsTold() {
        kit.onExec("daemon", Script.forever());
        Execution daemon = vm().exec("daemon");
        assertThatThrownBy(() -> kit.await(daemon.status(), Duration.ofMinutes(1)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("PT1M");
    }

    @Test
    void whereTimePassesTheSameProgramsRun() {
        try (VmetteTestKit real = VmetteTestKit.realTime()) {
            real.onExec("tick", script().thenPause(Duration.ofMillis(5)).thenPrint("tock"));
            VmHandle vm = real.launch(VmSpec.builder().build());
            Execution tick = vm.exec("tick");
            CompletionStage<ByteString> said = tick.stdout().runWith(Sink.head(), real.system());
            assertThat(real.await(said).utf8String()).isEqualTo("tock");
            assertThat(real.await(tick.status()).isSuccess()).isTrue();
            assertThatThrownBy(() -> real.advance(Duration.ZERO)).isInstanceOf(IllegalStateException.class);
            assertThatCode(() -> real.until(() -> true)).doesNotThrowAnyException();
        }
    }
}
