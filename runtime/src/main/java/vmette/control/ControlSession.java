package vmette.control;

import akka.actor.ClassicActorSystemProvider;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import vmette.vmm.GuestText;

/** One client's request, on a thread that may block. */
final class ControlSession {
    private static final Optional<ControlFrame> SUCCEEDED = Optional.of(new ControlFrame.Succeeded());

    /** Operations of which the client says more than the request. */
    private static final Set<String> TOLD_LATER = Set.of("exec", "run", "apply");

    private final ControlConnection connection;
    private final ControlServer server;
    private final Map<Kind, Semaphore> places;
    private final Bounds bounds;
    private final Runnable begun;

    /**
     * @param places for how many of each kind there is room
     * @param begun is run when the client has said what it wants, the command or the fleet included that it tells in frames of their own
     */
    ControlSession(
            ControlConnection connection,
            ControlServer server,
            Map<Kind, Semaphore> places,
            Bounds bounds,
            Runnable begun) {
        this.bounds = bounds;
        this.begun = begun;
        this.connection = connection;
        this.server = server;
        this.places = places;
    }

    /** Reads the request and does what it wants. */
    void run() {
        try {
            Optional<ControlFrame> refused = Optional.empty();
            if (!connection.isOpened()) {
                refused = failed("EPROTO", "another version of vmette: use the one that runs the VM");
            } else if (connection.read() instanceof ControlFrame.Request request
                    && request.words().size() >= 2) {
                refused = inItsPlace(request.words());
            } else {
                refused = failed("EPROTO", "the first frame is no request");
            }
            if (refused.isPresent()) {
                connection.write(refused.get());
            }
        } catch (IOException gone) {
            // The client has left, and what it began has been ended.
        }
    }

    /** The place is held until the outcome was told. */
    private Optional<ControlFrame> inItsPlace(List<String> words) throws IOException {
        Kind kind = Kind.of(words.get(0));
        Semaphore place = places.get(kind);
        if (!place.tryAcquire()) {
            return failed(
                    "EAGAIN",
                    kind.limit + " " + kind.plural
                            + " are under way with this runtime, and no more go at a time: try again");
        }
        try {
            Optional<ControlFrame> outcome = outcome(words);
            if (outcome.isPresent()) {
                connection.write(outcome.get());
            }
            return Optional.empty();
        } finally {
            place.release();
        }
    }

    private Optional<ControlFrame> outcome(List<String> words) throws IOException {
        try {
            return serve(words);
        } catch (RuntimeException e) {
            return Optional.of(Refusals.of(e));
        }
    }

    private static Optional<ControlFrame> failed(String reason, String message) {
        return Optional.of(new ControlFrame.Failed(reason, message));
    }

    private Optional<ControlFrame> serve(List<String> words) throws IOException {
        if (!TOLD_LATER.contains(words.get(0))) {
            begun.run();
        }
        ControlledRuntime runtime = server.runtime();
        String subject = words.get(1);
        switch (words.get(0) + " " + words.size()) {
            case "ps 2" -> {
                for (Facts vm : server.vms()) {
                    tell(vm);
                }
            }
            case "events 3", "events 4" -> {
                Optional<String> vm = Optional.of(subject).filter(name -> !name.isEmpty());
                long from = words.size() == 3 ? -1 : runtime.events().last(CommandWords.number(words, 3), vm);
                new Following(connection).events(runtime.events(), vm, from, follows(words, 2));
            }
            case "apply 2", "down 2" -> {
                Optional<ControlledFleet> fleet = server.fleet(subject);
                if (fleet.isEmpty()) {
                    return failed("ENOENT", "no fleet named " + GuestText.printable(subject) + " is up");
                }
                FleetSession session = new FleetSession(connection, runtime.events());
                if (words.get(0).equals("down")) {
                    session.down(fleet.get());
                } else {
                    session.apply(fleet.get(), begun);
                }
            }
            case "pools 2" -> {
                for (ControlledPool pool : server.pools().all()) {
                    tell(pool.status());
                }
            }
            case "run 2" -> {
                Optional<ControlledPool> pool = server.pools().find(subject);
                if (pool.isEmpty()) {
                    return failed("ENOENT", "no pool named " + GuestText.printable(subject) + " is open");
                }
                new ExecSession(connection, runtime.system(), bounds).run(pool.get()::run, begun);
                return Optional.empty();
            }
            case "restart 2" -> {
                Optional<CompletionStage<?>> restarted = server.restart(subject);
                if (restarted.isEmpty()) {
                    return none(subject);
                }
                if (new Following(connection).await(restarted.get()) instanceof Facts known) {
                    tell(known);
                }
            }
            default -> {
                Optional<ControlledVm> vm = server.vm(subject);
                return vm.isPresent() ? serve(words, vm.get(), runtime.system()) : none(subject);
            }
        }
        return SUCCEEDED;
    }

    private static Optional<ControlFrame> none(String vm) {
        return failed("ENOENT", "no VM named " + GuestText.printable(vm) + " is running");
    }

    private Optional<ControlFrame> serve(List<String> words, ControlledVm vm, ClassicActorSystemProvider system)
            throws IOException {
        Copies copies = new Copies(connection, vm.files(), system);
        String path = words.size() > 2 ? words.get(2) : "";
        switch (words.get(0) + " " + words.size()) {
            case "stat 3" -> copies.stat(path);
            case "read 3" -> copies.read(path);
            case "read-tree 3" -> copies.readTree(path);
            case "write 4" -> copies.write(path, words.get(3));
            case "write-tree 3" -> copies.writeTree(path);
            case "stop 2" -> tell(new Following(connection).await(vm.stop()));
            case "logs 4" ->
                new Following(connection).bytes(vm.log(CommandWords.number(words, 2), follows(words, 3)), system);
            case "exec 2" -> {
                new ExecSession(connection, system, bounds).run(vm::exec, begun);
                return Optional.empty();
            }
            default -> {
                return failed(
                        "ENOSYS",
                        "the runtime of this VM does not know '" + GuestText.printable(words.get(0))
                                + "': it is of another version");
            }
        }
        return SUCCEEDED;
    }

    private static boolean follows(List<String> words, int index) {
        return words.get(index).equals("follow");
    }

    private void tell(Facts facts) throws IOException {
        connection.write(new ControlFrame.Answer(facts.words()));
    }
}
