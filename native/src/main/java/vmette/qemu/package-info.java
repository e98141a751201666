/**
 * QEMU as a {@link vmette.vmm.Vmm}.
 *
 * <p>{@link vmette.qemu.QemuHypervisor} is the entrance: made once per runtime, it finds the program, chooses the {@link
 * vmette.qemu.Accelerator} and makes a monitor for each {@link vmette.qemu.QemuLaunch}. One VM costs one QEMU process
 * and three small daemon threads: one reads the process's output (the guest's console and QEMU's own words in one
 * stream), one speaks QMP, one is the JDK's, which reaps.
 *
 * <p>QMP (docs/interop/qmp-spec in QEMU's tree) is JSON over a Unix socket, one object a line: QEMU opens with a
 * greeting, the client sends {@code qmp_capabilities}, then commands with ids, answered by {@code return} or {@code
 * error} in any order, with events in between. Here the client <em>listens</em> and QEMU connects: nobody has to poll for a
 * socket that is not there yet.
 *
 * <p>How a VM ended is told from what QMP said (SHUTDOWN with its reason, GUEST_PANICKED), the process's status and the
 * console's last lines, by a pure function.
 */
package vmette.qemu;
