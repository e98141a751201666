/**
 * Supervision. {@link vmette.actors.VmRegistry} knows the VMs by name; each has a {@link vmette.actors.VmSupervisor} that
 * owns it for its whole life; a supervisor has one {@link vmette.actors.VmInstance} at a time, the present incarnation: machine and agent
 * link, which live and die together; an instance has one {@link vmette.actors.Execution} per running command, and one
 * {@link vmette.actors.Forwarding} per TCP connection into the guest. A VM that is to run something by itself, a {@link vmette.actors.VmService}, has that as a command of each
 * incarnation.
 *
 * <pre>
 *   VmRegistry
 *     +- VmSupervisor "a"          does what vmette.recovery.RecoveryPolicy decides
 *     |    +- VmInstance 1         machine (directory, vsock device, VMM) + agent link
 *     |         +- Execution       one command
 *     |         +- Execution
 *     |         +- Forwarding      one TCP connection into the guest
 *     +- VmSupervisor "b" ...
 * </pre>
 *
 * The VMs of a fleet are in the registry like all others; a {@link vmette.actors.FleetActor} has them launched, held and stopped, as {@code vmette.group}
 * decides.
 *
 * <p>What callers hold meanwhile are plain objects: {@link vmette.actors.VmTicket} for a VM, {@link
 * vmette.actors.CommandTicket} for a command, {@link vmette.actors.ForwardTicket} for a connection, and {@link vmette.actors.VmVsock} for its connections.
 */
package vmette.actors;
