/**
 * Supervision. {@link vmette.actors.VmRegistry} knows the VMs by name; each has a {@link vmette.actors.VmSupervisor} that
 * owns it for its whole life; a supervisor has one {@link vmette.actors.VmInstance} at a time, the present incarnation: machine and agent
 * link, which live and die together; an instance has one {@link vmette.actors.Execution} per running command.
 *
 * <pre>
 *   VmRegistry
 *     +- VmSupervisor "a"          decides what follows a failure (RecoveryPolicy)
 *     |    +- VmInstance 1         machine (directory, vsock device, VMM) + agent link
 *     |         +- Execution       one command
 *     |         +- Execution
 *     +- VmSupervisor "b" ...
 * </pre>
 *
 * What callers hold meanwhile are plain objects: {@link vmette.actors.VmTicket} for a VM, {@link
 * vmette.actors.CommandTicket} for a command, and {@link vmette.actors.VmVsock} for its connections.
 */
package vmette.actors;
