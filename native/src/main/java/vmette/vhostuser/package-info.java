/**
 * vhost-user, back-end side: how QEMU (the front-end) hands a virtio device to this process, as described in QEMU's
 * {@code docs/interop/vhost-user.rst}. Over a Unix socket it sends where the guest's memory is (descriptors of the
 * files behind it), where each ring lies in it, and one eventfd each for kicks (driver to device) and calls (device to
 * driver); after that packets move without it.
 *
 * <p>{@link vmette.vhostuser.VhostUserListener} waits for the front-end, a {@link vmette.vhostuser.BackendSession}
 * follows its messages, and a {@link vmette.vhostuser.VhostUserDevice} gets each ring as a {@link
 * vmette.vhostuser.Vring} while it is started, enabled and set up, and memory is there:
 *
 * <pre>
 *   SET_VRING_NUM, ADDR, BASE, KICK, ENABLE(1), SET_MEM_TABLE, SET_FEATURES  -> ringStarted
 *   GET_VRING_BASE, ENABLE(0)                                               -> ringStopping, ringStopped
 *   RESET_OWNER, the session's end                                          -> ringStopped
 *   SET_MEM_TABLE, SET_FEATURES, SET_VRING_KICK while it runs               -> ringStopped, ringStarted
 * </pre>
 *
 * Both the front-end and the driver in the guest may be hostile; what they do ends the session, never the loop.
 */
package vmette.vhostuser;
