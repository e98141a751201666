/**
 * The public face: {@link vmette.Vmette} launches VMs, a {@link vmette.VmHandle} runs commands in one and dials it, an
 * {@link vmette.Execution} is one command with its streams.
 */
package vmette;
