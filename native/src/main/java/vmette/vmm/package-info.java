/**
 * The small interface a hypervisor implements; {@code vmette.qemu} is the implementation that does all of it, {@code vmette.libvmette} does what a C ABI allows, {@link
 * vmette.vmm.FakeVmm} is one for tests.
 */
package vmette.vmm;
