package vmette.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vmette.config.Words;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** The living runtimes of this user that can be reached, and which of them has what; read from their directories, so that none has to answer. */
public final class Runtimes {
    private static final int MOST_NAMED = 10;

    private final List<Peer> living;

    /**
     * A runtime.
     *
     * @param directory its private one
     */
    public record Peer(Path directory) {
        /** The process that it runs in. */
        public String pid() {
            return directory.getFileName().toString().split("-", 2)[0];
        }

        /** The names of its VMs that can be reached. */
        public List<String> vms() {
            return ClaimedNames.vms(directory);
        }

        /** The names of its fleets. */
        public List<String> fleets() {
            return ClaimedNames.fleets(directory);
        }

        /** The names of its pools. */
        public List<String> pools() {
            return ClaimedNames.pools(directory);
        }

        /** The file of a fleet of this name. */
        public Optional<Path> fleetFile(String name) {
            return ClaimedNames.fleetFile(directory, name);
        }

        UnixDomainSocketAddress address() {
            return UnixDomainSocketAddress.of(directory.resolve(ControlServer.SOCKET));
        }

        /** What a dead runtime has left is there, and nobody listens. One that listens and takes nobody for now lives. */
        private boolean isServed() {
            try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                probe.configureBlocking(false);
                probe.connect(address());
                return true;
            } catch (IOException dead) {
                return false;
            }
        }
    }

    private Runtimes(List<Peer> living) {
        this.living = living;
    }

    /**
     * Looks for them.
     *
     * @param setting the value of {@code vmette.runtime-dir}, or empty
     */
    public static Runtimes find(String setting) {
        return new Runtimes(RuntimeDirectory.all(setting).stream()
                .map(Peer::new)
                .filter(Peer::isServed)
                .toList());
    }

    /** All of them. */
    public List<Peer> living() {
        return living;
    }

    /**
     * The one that has this VM.
     *
     * @throws VmetteIoException if none has; it names the VM that may have been meant
     */
    public Peer ofVm(String name) {
        return running(name)
                .orElseThrow(() -> new VmetteIoException("no VM named " + name + " is running: "
                        + hint(name, living.stream().flatMap(peer -> peer.vms().stream()))
                                .orElse("start one with vmette run --name NAME, or a fleet with vmette up FILE")));
    }

    /** The one that has this VM running. */
    public Optional<Peer> running(String name) {
        return living.stream().filter(peer -> peer.vms().contains(name)).findFirst();
    }

    /**
     * The one that has this pool.
     *
     * @throws VmetteIoException if none has; it names the pool that may have been meant
     */
    public Peer ofPool(String name) {
        return living.stream()
                .filter(peer -> peer.pools().contains(name))
                .findFirst()
                .orElseThrow(() -> new VmetteIoException("no pool named " + name + " is open: "
                        + hint(name, living.stream().flatMap(peer -> peer.pools().stream()))
                                .orElse("describe it in vmette.pools of a file, and open it with vmette up FILE")));
    }

    /** The one that runs this fleet. */
    public Optional<Peer> ofFleet(String name) {
        return living.stream().filter(peer -> peer.fleets().contains(name)).findFirst();
    }

    /** The one that runs a fleet which came from this file, and the fleet's name. */
    public Optional<Map.Entry<String, Peer>> ofFile(Path file) {
        return living.stream()
                .flatMap(peer -> peer.fleets().stream()
                        .filter(name -> peer.fleetFile(name).equals(Optional.of(file)))
                        .map(name -> Map.entry(name, peer)))
                .findFirst();
    }

    /** The names of all fleets. */
    public List<String> fleets() {
        return living.stream().flatMap(peer -> peer.fleets().stream()).sorted().toList();
    }

    /**
     * That there is no such fleet.
     *
     * @return names the one that may have been meant
     */
    public VmetteIoException noFleet(String what, String name) {
        return new VmetteIoException("no fleet " + what + " is up: "
                + hint(name, fleets().stream()).orElse("start one with vmette up FILE"));
    }

    /** The one of these that is much like the name, else all; empty if there is none. */
    static Optional<String> hint(String name, Stream<String> known) {
        List<String> all = known.sorted().toList();
        Optional<String> near =
                Words.nearest(name, all).filter(other -> Words.distance(name, other) <= Math.max(1, name.length() / 3));
        if (near.isPresent()) {
            return near.map(other -> "the nearest one is " + other);
        }
        return all.isEmpty()
                ? Optional.empty()
                : Optional.of("there is "
                        + all.stream().limit(MOST_NAMED).collect(Collectors.joining(", "))
                        + (all.size() > MOST_NAMED ? " and more (vmette ps)" : ""));
    }
}
