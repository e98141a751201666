package vmette.recovery;

/** The kinds of failure, and for each who is recovered from it and on which rung that begins: the policy's table. */
public enum FailureKind {
    /** What was asked for cannot be, now or later: a bad setting, a missing kernel, an agent of another version. */
    REFUSED(Retry.NEVER, Rung.COLD),
    /** The machine could not be made or started. The owner of a VM that has never been ready waits, and is told at once. */
    NOT_STARTED(Retry.ONCE_READY, Rung.COLD),
    /** The guest ended, or its agent refused, before it was ready. */
    BOOT_REFUSED(Retry.FAILURE, Rung.COLD),
    /** It was not ready in time: the host may be overloaded. */
    BOOT_DEADLINE(Retry.FAILURE, Rung.COLD),
    /** A snapshot could not be restored. */
    RESTORE_FAILED(Retry.FAILURE, Rung.LAST_GOOD),
    /** The monitor's process ended. */
    VMM_EXIT(Retry.FAILURE, Rung.LAST_GOOD),
    /** The monitor does not answer any more. */
    QMP_LOST(Retry.FAILURE, Rung.LAST_GOOD),
    /** The guest's kernel panicked. */
    GUEST_PANIC(Retry.FAILURE, Rung.LAST_GOOD),
    /** The guest answers nobody. */
    HUNG(Retry.FAILURE, Rung.LAST_GOOD),
    /** The monitor's process has been stopped by a signal. */
    STOPPED(Retry.FAILURE, Rung.LAST_GOOD),
    /** The monitor's process is there and gets nothing done. */
    DEAD(Retry.FAILURE, Rung.LAST_GOOD),
    /** Memory ran out. A snapshot would bring back what filled it. */
    OUT_OF_MEMORY(Retry.FAILURE, Rung.COLD),
    /** A process that served the monitor ended. */
    HELPER_LOST(Retry.FAILURE, Rung.LAST_GOOD),
    /** The guest's agent is gone, or broke the protocol. */
    AGENT_LOST(Retry.FAILURE, Rung.LAST_GOOD),
    /** The vsock device broke. */
    DEVICE_BROKEN(Retry.FAILURE, Rung.LAST_GOOD),
    /** The VM runs and does not do what it is for. */
    HEALTH_CHECK(Retry.FAILURE, Rung.LAST_GOOD),
    /** What the VM runs has ended, or did not begin. Memory that it had ruined would be in a snapshot. */
    SERVICE(Retry.FAILURE, Rung.COLD),
    /** The guest powered itself off after it was ready. */
    POWERED_OFF(Retry.PERMANENT, Rung.COLD),
    /** The owner stopped it. */
    OPERATOR_STOP(Retry.NEVER, Rung.COLD),
    /** The owner had it started anew: no failure, and not counted as one. */
    OPERATOR_RESTART(Retry.ORDERED, Rung.COLD),
    /** Its group had it started anew, because of another's failure: none of its own, and not counted as one. */
    GROUP_RESTART(Retry.ORDERED, Rung.COLD),
    /** A process of it cannot be ended: a second incarnation would overlap it. */
    PROCESS_REMAINS(Retry.NEVER, Rung.COLD),
    /** A part of the runtime failed. What it has saved is not trusted. */
    INTERNAL(Retry.FAILURE, Rung.COLD);

    /** When another incarnation follows. */
    enum Retry {
        /** In no mode. */
        NEVER,
        /** As {@link #FAILURE}, if the VM has ever been ready. */
        ONCE_READY,
        /** In the modes permanent and transient. */
        FAILURE,
        /** In the mode permanent. */
        PERMANENT,
        /** In any mode, at once and as often as ordered. */
        ORDERED
    }

    private final Retry retry;
    private final Rung rung;

    FailureKind(Retry retry, Rung rung) {
        this.retry = retry;
        this.rung = rung;
    }

    Retry retry() {
        return retry;
    }

    /** Where its recovery begins. */
    public Rung rung() {
        return rung;
    }
}
