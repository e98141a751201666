package vmette.control;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import vmette.errors.InvalidConfigException;

/** A change of a fleet, or its end, over a connection. What has begun goes on though its client leaves. */
final class FleetSession {
    private static final int MOST = 4 << 20;

    private final ControlConnection connection;
    private final EventTail events;

    FleetSession(ControlConnection connection, EventTail events) {
        this.connection = connection;
        this.events = events;
    }

    /**
     * Tells the plan, waits for the client's word, and carries it out.
     *
     * @param told is run when the client has said what the fleet is to be
     */
    void apply(ControlledFleet fleet, Runnable told) throws IOException {
        String configuration = configuration();
        told.run();
        Nesting.check(configuration);
        ControlledFleet.Change change = fleet.plan(configuration);
        for (Facts step : change.steps()) {
            tell(step);
        }
        tell(Facts.of("plan", change.isEmpty() ? "empty" : "ready"));
        if (change.isEmpty() || !isWanted()) {
            return;
        }
        long from = events.end();
        new Following(connection).until(change.apply(), events, from);
    }

    private String configuration() throws IOException {
        InputStream content = new ContentInput(connection);
        byte[] bytes = content.readNBytes(MOST + 1);
        if (bytes.length > MOST) {
            throw new InvalidConfigException("a configuration of more than " + MOST + " bytes is refused");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private boolean isWanted() throws IOException {
        return connection.read() instanceof ControlFrame.Answer answer
                && answer.words().equals(List.of("go"));
    }

    /** Ends it. */
    void down(ControlledFleet fleet) throws IOException {
        long from = events.end();
        new Following(connection).until(fleet.down(), events, from);
    }

    private void tell(Facts facts) throws IOException {
        connection.write(new ControlFrame.Answer(facts.words()));
    }
}
