package vmette;

import vmette.actors.RunningTickets;
import vmette.config.ExecSpec;
import vmette.stream.tck.TckGuest;
import vmette.stream.tck.TckSystem;

/** Commands in guests that are threads. */
final class ExecutionTckFixture {
    private final TckSystem system = new TckSystem();
    private long id;

    TckSystem system() {
        return system;
    }

    /** A running command, each of whose streams is that guest's. */
    synchronized Execution command(TckGuest guest) {
        return new Execution(RunningTickets.create(++id, ExecSpec.shell("true"), system.actors()), system.vsock(guest));
    }
}
