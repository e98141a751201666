/** The small interface a hypervisor implements; {@code vmette.qemu} is the implementation that exists. */
package vmette.vmm;
