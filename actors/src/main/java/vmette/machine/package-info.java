/**
 * One incarnation's machine: the private directory, the vsock device and the VMM, made together and ended together. No Akka
 * here, so that a machine can begin to boot before an ActorSystem is up.
 */
package vmette.machine;
