/**
 * Tests of programs that use VMs, without a hypervisor: {@link vmette.testkit.VmetteTestKit} is a whole runtime whose machines are none, {@link vmette.testkit.Script} what programs
 * in their guests do, {@link vmette.testkit.TestVm} what befalls a VM. {@code docs/testing.md} has examples. For tests of anybody's; nothing of the runtime itself knows
 * this package, and nothing of it is loaded where it is not used. Needs no test framework and no Linux.
 *
 * <p>Beneath: {@code FakeMachine} is one incarnation's machine, with a {@link vmette.vmm.FakeVmm} for its monitor, a {@code FakeVsock} with back-pressure both ways, and a
 * {@code FakeGuest} that is the agent's half of the guest protocol. All of them run on one thread, that of {@code KitTime}.
 */
package vmette.testkit;
