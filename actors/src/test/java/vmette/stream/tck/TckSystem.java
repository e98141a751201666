package vmette.stream.tck;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.tck.TestEnvironment;
import vmette.errors.VsockException;
import vmette.stream.GuestTcp;
import vmette.stream.Vsock;

/** What a verification runs in: an actor system of its own, and the guests that were made for it. */
public final class TckSystem {
    /** A signal that is due may come late on a busy machine. */
    public static final long DUE_MILLIS = 30_000;

    /** One that must not come is waited for as short as is meaningful; errors are looked for as often. */
    private static final long ABSENT_MILLIS = 100;

    /** What a publisher gets to let go of its subscriber, which the kit waits for in full. */
    public static final long DROPPED_MILLIS = 1_000;

    private static final int COLLECTIONS = 10;

    /** A test of the kit. */
    public interface Check {
        void run() throws Throwable;
    }

    private final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "tck");
    private final List<TckGuest> guests = new ArrayList<>();

    /** For the constructor of a verification. */
    public static TestEnvironment environment() {
        return new TestEnvironment(DUE_MILLIS, ABSENT_MILLIS, ABSENT_MILLIS);
    }

    /**
     * For the check that a publisher drops its subscriber: the kit gives a collector 100 ms to show that, which on a busy
     * machine it does not always do.
     */
    public static void patiently(Check clear, Check check) throws Throwable {
        for (int i = 1; ; i++) {
            try {
                clear.run();
                check.run();
                return;
            } catch (AssertionError notYet) {
                if (i == COLLECTIONS) {
                    throw notYet;
                }
            }
        }
    }

    public ActorSystem<Void> actors() {
        return system;
    }

    /** The streams of a guest, which lives as long as this. */
    public synchronized Vsock vsock(TckGuest guest) {
        guests.add(guest);
        return new Vsock(guest, 16, Duration.ofMinutes(1));
    }

    /** TCP connections in a guest. What becomes of each there is given; the data connections are the guest's. */
    public synchronized GuestTcp guestTcp(TckGuest guest, CompletionStage<Void> connected) {
        guests.add(guest);
        return new GuestTcp(guest, Duration.ofMinutes(1), port -> new Asked(connected));
    }

    private record Asked(CompletionStage<Void> connected) implements GuestTcp.Connecting {
        @Override
        public CompletionStage<VsockException> lost() {
            return new CompletableFuture<>();
        }

        @Override
        public byte[] opening() {
            return "opening".getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public void ended(boolean joined) {}
    }

    /** Ends all of it. */
    public synchronized void stop() {
        guests.forEach(TckGuest::close);
        system.terminate();
        system.getWhenTerminated()
                .toCompletableFuture()
                .orTimeout(DUE_MILLIS, TimeUnit.MILLISECONDS)
                .join();
    }
}
