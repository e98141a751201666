package vmette.control;

import akka.actor.ClassicActorSystemProvider;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import vmette.vmm.GuestText;

/** One client's request, on a thread that may block. */
final class ControlSession {
    private final ControlConnection connection;
    private final ControlServer server;
    private final Map<Kind, Semaphore> places;

    /** @param places for how many of each kind there is room */
    ControlSession(ControlConnection connection, ControlServer server, Map<Kind, Semaphore> places) {
        this.connection = connection;
        this.server = server;
        this.places = places;
    }

    /**
     * Reads the request and does what it wants.
     *
     * @param begun is run when the client has said what it wants
     */
    void run(Runnable begun) {
        try {
            Optional<ControlFrame> outcome = outcome(begun);
            if (outcome.isPresent()) {
                connection.write(outcome.get());
            }
        } catch (IOException gone) {
            // The client has left, and what it began has been ended.
        }
    }

    private Optional<ControlFrame> outcome(Runnable begun) throws IOException {
        if (!connection.isOpened()) {
            return failed("EPROTO", "another version of vmette: use the one that runs the VM");
        }
        if (!(connection.read() instanceof ControlFrame.Request request)
                || request.words().size() < 2) {
            return failed("EPROTO", "the first frame is no request");
        }
        begun.run();
        Kind kind = Kind.of(request.words().get(0));
        Semaphore place = places.get(kind);
        if (!place.tryAcquire()) {
            return failed(
                    "EAGAIN",
                    kind.limit + " " + kind.plural
                            + " are under way with this runtime, and no more go at a time: try again");
        }
        try {
            return serve(request.words());
        } catch (RuntimeException e) {
            return Optional.of(Refusals.of(e));
        } finally {
            place.release();
        }
    }

    private static Optional<ControlFrame> failed(String reason, String message) {
        return Optional.of(new ControlFrame.Failed(reason, message));
    }

    private Optional<ControlFrame> serve(List<String> words) throws IOException {
        ClassicActorSystemProvider system = server.runtime().system();
        if (words.get(0).equals("ps")) {
            for (Facts vm : server.runtime().vms()) {
                tell(vm);
            }
            return Optional.of(new ControlFrame.Succeeded());
        }
        Optional<ControlledVm> found = server.vm(words.get(1));
        if (found.isEmpty()) {
            return failed("ENOENT", "no VM named " + GuestText.printable(words.get(1)) + " is running");
        }
        ControlledVm vm = found.get();
        Copies copies = new Copies(connection, vm.files(), system);
        String path = words.size() > 2 ? words.get(2) : "";
        switch (words.get(0) + " " + words.size()) {
            case "stat 3" -> copies.stat(path);
            case "read 3" -> copies.read(path);
            case "read-tree 3" -> copies.readTree(path);
            case "write 4" -> copies.write(path, words.get(3));
            case "write-tree 3" -> copies.writeTree(path);
            case "stop 2" -> tell(join(vm.stop()));
            case "restart 2" -> tell(join(vm.restart()));
            case "exec 2" -> {
                new ExecSession(connection, system).run(vm::exec);
                return Optional.empty();
            }
            default -> {
                return failed(
                        "ENOSYS",
                        "the runtime of this VM does not know '" + GuestText.printable(words.get(0))
                                + "': it is of another version");
            }
        }
        return Optional.of(new ControlFrame.Succeeded());
    }

    private void tell(Facts facts) throws IOException {
        connection.write(new ControlFrame.Answer(facts.words()));
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }
}
