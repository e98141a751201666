package vmette;

import akka.Done;
import java.util.concurrent.CompletionStage;
import vmette.config.ExecSpec;
import vmette.control.ControlledCommand;
import vmette.control.ControlledPool;
import vmette.control.Facts;
import vmette.pool.PoolStatus;

/** A pool as clients of the control socket have it. */
record LendingPool(VmPool pool) implements ControlledPool {
    /** Lets clients have it until it is closed. */
    CompletionStage<Done> publish(LazyControl control, CompletionStage<?> system) {
        return control.work(system, server -> {
            server.publish(this);
            pool.closed()
                    .thenRun(() -> control.work(system, same -> {
                        same.withdraw(this);
                        return Done.getInstance();
                    }));
            return Done.getInstance();
        });
    }

    @Override
    public String name() {
        return pool.name();
    }

    @Override
    public Facts status() {
        PoolStatus status = pool.status();
        return Facts.of(
                "name", status.name(),
                "ready", status.ready(),
                "making", status.coming(),
                "lent", status.lent(),
                "stopping", status.ending(),
                "waiting", status.waiting(),
                "min", pool.settings().min(),
                "max", pool.settings().max(),
                "acquired", status.acquired(),
                "failures", status.failures(),
                "failure", status.lastFailure());
    }

    @Override
    public ControlledCommand run(ExecSpec spec) {
        // The VM goes with the status, and whoever reads the outputs comes a little later.
        return new LentCommand<>(
                pool.acquire().toCompletableFuture(),
                vm -> new ControlledVms.Command(vm.execToRead(spec)),
                pool::release);
    }
}
