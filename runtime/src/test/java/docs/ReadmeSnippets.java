package docs;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.DetachedExecution;
import vmette.ExecEvent;
import vmette.ExecInput;
import vmette.Execution;
import vmette.VmHandle;
import vmette.config.ExecSpec;
import vmette.config.ExecSpec.WhenFull;
import vmette.stream.OutputChunk;
import vmette.stream.Vsock;

/** What the README shows beside its example, compiled; {@link ReadmeTest} compares the lines. */
final class ReadmeSnippets {
    private ReadmeSnippets() {}

    static List<Object> all(VmHandle vm, long offset) {
        Flow<ExecInput, ExecEvent, Execution> command = vm.execFlow("make test");

        Flow<ByteString, ByteString, CompletionStage<Vsock.OutgoingConnection>> toGuest =
                vm.vsock().connect(8080);
        Source<Vsock.IncomingConnection, CompletionStage<Vsock.Binding>> fromGuest =
                vm.vsock().bind(9000);

        Source<ByteString, CompletionStage<Done>> log = vm.files().read("/proc/version");
        Sink<ByteString, CompletionStage<Done>> page = vm.files().write("/tmp/index.html", 0644);
        Source<ByteString, CompletionStage<Done>> tar = vm.files().readTree("/tmp");

        Flow<ByteString, ByteString, CompletionStage<Done>> toServer = vm.connectTcp(80);

        DetachedExecution build = vm.start(ExecSpec.shell("make").detached(WhenFull.BLOCK));
        Source<OutputChunk, NotUsed> output = build.attachStdout(offset);

        return List.of(command, toGuest, fromGuest, log, page, tar, toServer, output);
    }
}
