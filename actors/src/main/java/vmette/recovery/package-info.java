/**
 * What follows the failure of a VM. {@link vmette.recovery.RecoveryPolicy} decides, purely, from the failure, the history and
 * the snapshots at hand; {@link vmette.recovery.FailureKind} is its table. Supervisors act upon it; {@code docs/supervision.md} explains both.
 */
package vmette.recovery;
