/** The small interface a hypervisor implements; {@code vmette.qemu} is the implementation that exists, {@link vmette.vmm.FakeVmm} one for tests. */
package vmette.vmm;
