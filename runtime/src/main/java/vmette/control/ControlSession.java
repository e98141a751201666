package vmette.control;

import akka.Done;
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
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.control.ControlServer.Published;
import vmette.errors.GuestFileException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;
import vmette.files.FileEntry;
import vmette.files.GuestFiles;
import vmette.vmm.GuestText;

/** One client's request, on a thread that may block. */
final class ControlSession implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSession.class);
    private static final int CHUNK = 1 << 16;

    private final ControlConnection connection;
    private final Function<String, Published> vms;

    /** @param vms a VM by its name, or null */
    ControlSession(ControlConnection connection, Function<String, Published> vms) {
        this.connection = connection;
        this.vms = vms;
    }

    @Override
    public void run() {
        try {
            connection.write(outcome());
        } catch (IOException gone) {
            // The client has left, and what it began has been ended.
        }
    }

    private ControlFrame outcome() throws IOException {
        if (!connection.isOpened()) {
            return new ControlFrame.Failed("EPROTO", "another version of vmette: use the one that runs the VM");
        }
        try {
            if (connection.read() instanceof ControlFrame.Request request
                    && request.words().size() >= 2) {
                return serve(request.words());
            }
            return new ControlFrame.Failed("EPROTO", "the first frame is no request");
        } catch (GuestFileException e) {
            return new ControlFrame.Failed(e.reason(), e.getMessage());
        } catch (VmetteException e) {
            return new ControlFrame.Failed(e.status().name(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("an operation of a control connection failed", e);
            return new ControlFrame.Failed("INTERNAL", "the runtime failed: " + e);
        }
    }

    private ControlFrame serve(List<String> words) throws IOException {
        Optional<Published> found = Optional.ofNullable(vms.apply(words.get(1)));
        if (found.isEmpty()) {
            return new ControlFrame.Failed(
                    "ENOENT", "no VM named " + GuestText.printable(words.get(1)) + " is running");
        }
        Published vm = found.get();
        GuestFiles files = vm.files();
        String path = words.size() > 2 ? words.get(2) : "";
        switch (words.get(0) + " " + words.size()) {
            case "stat 3" -> connection.write(told(join(files.stat(path))));
            case "read 3" -> download(files.read(path), vm);
            case "read-tree 3" -> download(files.readTree(path), vm);
            case "write 4" -> upload(files.write(path, mode(words.get(3))), vm);
            case "write-tree 3" -> upload(files.writeTree(path), vm);
            default -> {
                return new ControlFrame.Failed(
                        "ENOSYS",
                        "the runtime of this VM does not know '" + GuestText.printable(words.get(0))
                                + "': it is of another version");
            }
        }
        return new ControlFrame.Succeeded();
    }

    private static ControlFrame told(FileEntry entry) {
        return new ControlFrame.Answer(
                List.of(entry.kind().name(), Integer.toOctalString(entry.mode()), Long.toString(entry.size())));
    }

    private static int mode(String octal) {
        try {
            return Integer.parseInt(octal, 8);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("'" + GuestText.printable(octal) + "' is no mode");
        }
    }

    /** A client that leaves is heard of, also while the guest has nothing to say. */
    private void download(Source<ByteString, CompletionStage<Done>> content, Published vm) {
        Pair<UniqueKillSwitch, CompletionStage<Done>> copy = content.viaMat(KillSwitches.single(), Keep.both())
                .toMat(
                        StreamConverters.fromOutputStream(connection::content, false),
                        (both, written) ->
                                Pair.create(both.second(), both.first().thenCombine(written, (done, result) -> done)))
                .run(vm.system());
        Thread watch = new Thread(() -> awaitLeaving(copy.first()), "vmette-control-watch");
        watch.setDaemon(true);
        watch.start();
        join(copy.second());
    }

    private void awaitLeaving(UniqueKillSwitch copy) {
        try {
            connection.read();
            copy.abort(new IOException("the client sent something in the middle of a download"));
        } catch (IOException gone) {
            copy.abort(gone);
        }
    }

    private void upload(Sink<ByteString, CompletionStage<Done>> sink, Published vm) {
        Source<ByteString, ?> content = StreamConverters.fromInputStream(() -> new ContentInput(connection), CHUNK);
        join(content.runWith(sink, vm.system()));
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
