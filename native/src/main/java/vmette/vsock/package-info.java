/**
 * The host's end of virtio-vsock: a device that hands a guest's streams straight to the JVM, with no socket between.
 *
 * <p><b>The protocol on one page</b> (virtio 1.2, section 5.10). A packet is one descriptor chain: a 44-byte header and,
 * for RW, payload. The driver sends on the TX ring and lays out empty buffers on the RX ring, named from its side. A connection is
 * named by its two ports. REQUEST opens it, RESPONSE or RST answers. SHUTDOWN says that its sender will send no more, receive no
 * more, or both; who hears both, and has nothing left to read, answers with RST, which ends the connection without a fault. RST at any
 * other time is a failure. A connection is a stream of bytes or one of messages ({@link vmette.vsock.VsockType}); of the latter the last RW of each
 * message bears a flag.
 *
 * <p><b>Credit.</b> Every header says how large the sender's receive buffer is (buf_alloc) and how many bytes of the
 * stream it has passed on (fwd_cnt, modulo 2^32). A sender keeps {@code sent - fwd_cnt <= buf_alloc} with the other's numbers. CREDIT_UPDATE
 * carries nothing but a header; CREDIT_REQUEST asks for one. Here fwd_cnt advances only for bytes handed over on
 * demand, so the demand of a stream's reader in the JVM is what lets a {@code write()} in the guest go on.
 *
 * <p><b>Order of things.</b> {@link vmette.vsock.DeviceLoop} is the thread. It calls {@link vmette.vsock.VsockDevice}, whose pump
 * takes chains from the rings to the muxer and RX buffers to whoever's turn it is. The muxer finds the
 * connection; the connection is a state machine without thread, clock or descriptor, so that all of it can be tested with packets
 * alone. Clients see {@link vmette.vsock.VsockHost}, {@link vmette.vsock.VsockChannel} and {@link
 * vmette.vsock.VsockChannelHandler} only.
 *
 * <p>Everything a guest sends is hostile until checked. It can break its own device and nothing else, and what it can
 * make the host hold is bounded by {@link vmette.vsock.VsockLimits}.
 */
package vmette.vsock;
