/**
 * What happens to VMs, for those who do not own them. Supervisors tell {@link vmette.events.VmEvents}, which passes it on as streams;
 * {@link vmette.events.VmStatus} is what the events of one VM come to, {@link vmette.events.VmBoard} that of all.
 *
 * <p>Nobody who is told can hold a supervisor back: a stream that is slow loses the oldest of what waits for it, and is told how many.
 */
package vmette.events;
