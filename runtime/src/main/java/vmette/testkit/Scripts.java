package vmette.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.GuestProtocol;

/** What programs there are. What was said last is asked first. Thread-safe. */
final class Scripts {
    private record Entry(Predicate<GuestCommand> which, Function<GuestCommand, Script> script) {}

    private final List<Entry> commands = new ArrayList<>();
    private final Map<Integer, Script> vsock = new HashMap<>();
    private final Map<Integer, Script> tcp = new HashMap<>();

    synchronized void onExec(Predicate<GuestCommand> which, Function<GuestCommand, Script> script) {
        commands.add(0, new Entry(Objects.requireNonNull(which, "which"), Objects.requireNonNull(script, "script")));
    }

    synchronized void onVsock(int port, Script script) {
        if (port == 0 || port == -1) {
            throw new InvalidConfigException("there is no vsock port " + Integer.toUnsignedString(port));
        }
        if (port == GuestProtocol.PORT) {
            throw new InvalidConfigException("vsock port " + port + " is the agent's: choose another one");
        }
        vsock.put(port, Objects.requireNonNull(script, "script"));
    }

    synchronized void onTcp(int port, Script script) {
        if (port < 1 || port > 65535) {
            throw new InvalidConfigException("there is no TCP port " + port + ": 1 to 65535");
        }
        tcp.put(port, Objects.requireNonNull(script, "script"));
    }

    Optional<Script> of(GuestCommand command) {
        List<Entry> all;
        synchronized (this) {
            all = List.copyOf(commands);
        }
        return all.stream()
                .filter(entry -> entry.which().test(command))
                .findFirst()
                .map(entry -> entry.script().apply(command));
    }

    synchronized Optional<Script> ofVsock(int port) {
        return Optional.ofNullable(vsock.get(port));
    }

    synchronized Optional<Script> ofTcp(int port) {
        return Optional.ofNullable(tcp.get(port));
    }
}
