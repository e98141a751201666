package vmette;

import java.util.concurrent.CompletionStage;

/** Where a pool's VMs come from. */
@FunctionalInterface
public interface PoolSource {
    /**
     * Another VM: one that is ready, has done all that it is to have done before somebody gets it, and belongs to nobody else. Called by the ActorSystem's threads, several
     * times before the first is there; must not block. What it throws is a failure as that of its stage is.
     *
     * @return completes, or fails, within a time that the source sees to
     */
    CompletionStage<VmHandle> next();

    /** The pool is closed: what is on its way is not wanted any more. Called once or more often; must not block, nor throw. */
    default void close() {}
}
