package vmette.control;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.japi.Pair;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.StreamConverters;
import akka.util.ByteString;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import vmette.errors.GuestFileException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;
import vmette.files.FileEntry;
import vmette.files.GuestFiles;
import vmette.vmm.GuestText;

/** Files of a VM over a connection, on a thread that may block. */
final class Copies {
    private static final int CHUNK = 1 << 16;

    private final ControlConnection connection;
    private final GuestFiles files;
    private final ClassicActorSystemProvider system;

    Copies(ControlConnection connection, GuestFiles files, ClassicActorSystemProvider system) {
        this.connection = connection;
        this.files = files;
        this.system = system;
    }

    void stat(String path) throws IOException {
        FileEntry entry = join(files.stat(path));
        connection.write(new ControlFrame.Answer(
                List.of(entry.kind().name(), Integer.toOctalString(entry.mode()), Long.toString(entry.size()))));
    }

    void read(String path) {
        download(files.read(path));
    }

    void readTree(String path) {
        download(files.readTree(path));
    }

    void write(String path, String octal) {
        upload(files.write(path, mode(octal)));
    }

    void writeTree(String path) {
        upload(files.writeTree(path));
    }

    private static int mode(String octal) {
        try {
            return Integer.parseInt(octal, 8);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("'" + GuestText.printable(octal) + "' is no mode");
        }
    }

    /** A client that leaves is heard of, also while the guest has nothing to say. */
    private void download(Source<ByteString, CompletionStage<Done>> content) {
        Pair<UniqueKillSwitch, CompletionStage<Done>> copy = content.viaMat(KillSwitches.single(), Keep.both())
                .toMat(
                        StreamConverters.fromOutputStream(connection::content, false),
                        (both, written) ->
                                Pair.create(both.second(), both.first().thenCombine(written, (done, result) -> done)))
                .run(system);
        Leaving.watch(connection, copy.first()::abort);
        join(copy.second());
    }

    private void upload(Sink<ByteString, CompletionStage<Done>> sink) {
        Source<ByteString, ?> content = StreamConverters.fromInputStream(() -> new ContentInput(connection), CHUNK);
        join(content.runWith(sink, system));
    }

    private static <T> T join(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof VmetteException known
                    ? known
                    : new GuestFileException("the copy has ended early: " + e.getCause(), "copy", "", 0, "ABORTED");
        }
    }
}
