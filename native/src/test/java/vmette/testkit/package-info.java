/**
 * Tests of vsock code and of vhost-user devices without a VM, published as {@code vmette-native} with the classifier {@code
 * testkit}. Needs neither JUnit nor QEMU nor a kernel; only Linux. From the top down:
 *
 * <ul>
 *   <li>{@link vmette.testkit.FakeVm}: a VM's vsock with a guest that does what the test says, on the test's own thread and clock.
 *       What code behind a {@link vmette.vsock.VsockHost} is tested with.
 *   <li>{@link vmette.vsock.RingGuest}: that guest, a vsock driver that behaves like Linux's.
 *   <li>{@link vmette.vhostuser.FakeFrontend}: QEMU's side of vhost-user over a real socket. What a {@link
 *       vmette.vhostuser.VhostUserDevice} of any kind is tested with.
 *   <li>{@link vmette.virtio.GuestDriver}: the driver of one split virtqueue, well-behaved or not.
 *   <li>{@link vmette.memory.GuestRam}: a guest's memory, one memory file that all of them see.
 *   <li>{@link vmette.memory.TornMemory}: the device's view of it where copies tear and the guest goes on meanwhile, as in another
 *       process's memory.
 * </ul>
 *
 * <p>docs/testing.md has an example. Nothing here sleeps: a test takes turns until what it waits for is there, and moves the clock
 * by hand. What breaks a rule of the kit's own is an {@link AssertionError} or {@link IllegalStateException}.
 */
package vmette.testkit;
