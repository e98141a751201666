/**
 * How other processes of the same user reach the VMs of a runtime by name: a Unix socket {@code ctl.sock} in the runtime's private directory, and
 * beside it a file in {@code names/} for each VM that can be reached, and one in {@code fleets/} for each fleet. {@code docs/control.md} is what this package is
 * written from.
 *
 * <p>A name is claimed without a lock: a runtime makes its file first and then looks for the same name in the directories of others, so that
 * of two that claim one name at once at least one sees the other. What a dead runtime leaves is removed with its directory, by its janitor or by
 * the next start.
 *
 * <p>Serving and asking block, on threads of their own; Akka enters where a guest's streams do, on the serving side only: clients start without it.
 */
package vmette.control;
