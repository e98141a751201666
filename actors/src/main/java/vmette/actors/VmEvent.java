package vmette.actors;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import vmette.machine.GoldenLook;
import vmette.machine.SaveReport;
import vmette.recovery.Origin;

/**
 * Something that happened to a VM, as its supervisor tells it. Those of one VM come in the order in which they happened, and numbers of incarnations
 * never go back.
 *
 * <pre>
 *   Launched (Began (BecameReady (Woken)? (Saved | NotPassivated)*)? (Passivated | Stopping)? (Failed)? )* Ended
 * </pre>
 */
public sealed interface VmEvent {
    /** When, by the supervisor's clock. */
    Instant at();

    /** One that concerns a VM. */
    sealed interface OfVm extends VmEvent {
        /** The VM's name. */
        String vm();

        /** Which life of it, from 1; 0 before the first. */
        long incarnation();
    }

    /** It has a supervisor. */
    record Launched(String vm, Instant at) implements OfVm {
        @Override
        public long incarnation() {
            return 0;
        }
    }

    /**
     * An incarnation comes up.
     *
     * @param from what it begins from
     */
    record Began(String vm, long incarnation, Instant at, Origin from) implements OfVm {}

    /** Its agent answers. */
    record BecameReady(String vm, long incarnation, Instant at, VmReady ready) implements OfVm {}

    /**
     * It was told to end.
     *
     * @param how the VM ends with it; empty: another incarnation follows
     */
    record Stopping(String vm, long incarnation, Instant at, Optional<VmEnd.How> how) implements OfVm {}

    /**
     * An incarnation has ended otherwise than its VM's owner wanted, or to be followed by another; nothing of it is left, unless the cause is that a process remains.
     *
     * @param failure with what follows it
     */
    record Failed(VmFailure failure) implements OfVm {
        @Override
        public String vm() {
            return failure.vm();
        }

        @Override
        public long incarnation() {
            return failure.incarnation();
        }

        @Override
        public Instant at() {
            return failure.life().map(VmFailure.Life::failed).orElse(Instant.EPOCH);
        }
    }

    /**
     * It was saved, and goes on unless it was to end with it.
     *
     * @param report what that took
     */
    record Saved(String vm, long incarnation, Instant at, SaveReport report) implements OfVm {}

    /**
     * Nobody has used it for as long as {@code passivate-after} says: it was saved, and there is nothing of it but that until it is wanted.
     *
     * @param report of the save; it stood still from then on
     * @param took how long it took to be saved and gone
     */
    record Passivated(String vm, long incarnation, Instant at, SaveReport report, Duration took) implements OfVm {}

    /** It was to be passivated and could not be saved; it goes on, and is not tried again in this incarnation. */
    record NotPassivated(String vm, long incarnation, Instant at, String reason) implements OfVm {}

    /**
     * A passive VM is ready again.
     *
     * @param by what it was wanted for
     * @param passive how long it had been passive
     * @param took from when it was wanted
     */
    record Woken(String vm, long incarnation, Instant at, String by, Duration passive, Duration took) implements OfVm {}

    /** The VM has ended for good. */
    record Ended(String vm, long incarnation, Instant at, VmEnd end) implements OfVm {}

    /**
     * The golden snapshot of a template, which VMs were to be restored from, is of another build, or no whole one. It is not tried: what is restored next is one that a VM makes here.
     *
     * @param what which, why, and whether it was removed
     */
    record ForeignGolden(Instant at, GoldenLook.Foreign what) implements VmEvent {}

    /**
     * A subscriber was too slow: so many events that it would have been told stand between the one before and the one after.
     *
     * @param count of them, above 0
     */
    record Missed(long count, Instant at) implements VmEvent {}
}
