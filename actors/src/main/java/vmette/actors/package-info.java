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
 * <p>Supervisor and instance are state machines, and have what they do from classes of one duty each, which hand messages of their own back to them. Of an instance: {@link
 * vmette.actors.InstanceMachine}, {@link vmette.actors.AgentSession}, {@link vmette.actors.GuestWork}, {@link vmette.actors.Watchdog}, {@link vmette.actors.Saves}, {@link
 * vmette.actors.ServiceLifecycle} and {@link vmette.actors.Ending}. Of a supervisor: {@link vmette.actors.Incarnations}, {@link vmette.actors.IncarnationEnd}, {@link
 * vmette.actors.Recoveries}, {@link vmette.actors.Requests}, {@link vmette.actors.SnapshotSchedule}, {@link vmette.actors.Passivation}, {@link vmette.actors.Membership} and {@link
 * vmette.actors.OrderedRestarts}.
 *
 * <p>What callers hold meanwhile are plain objects: {@link vmette.actors.VmTicket} for a VM, {@link
 * vmette.actors.CommandTicket} for a command, {@link vmette.actors.ForwardTicket} for a connection, and {@link vmette.actors.VmVsock} for its connections.
 */
package vmette.actors;
