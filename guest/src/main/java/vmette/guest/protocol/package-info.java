/**
 * The host's half of the guest protocol, version 2: {@code docs/guest-protocol.md} is what this package is written from.
 *
 * <p>Every connection is dialled by the host to {@link vmette.guest.protocol.GuestProtocol#PORT} and begins with an
 * {@linkplain vmette.guest.protocol.Openings opening}. On the control connection frames follow, each a {@code u32} length, a
 * type and a body: the host's are {@link vmette.guest.protocol.HostFrame}s written by
 * {@link vmette.guest.protocol.HostFrames}, the agent's are {@link vmette.guest.protocol.AgentFrame}s read by an
 * {@link vmette.guest.protocol.AgentFrameDecoder}. Data connections carry raw bytes and no outcome: how a command ended is
 * told on the control connection only.
 *
 * <p>The agent lives beside untrusted code and is treated as hostile: a length is checked before it is used, nothing grows
 * beyond one frame, and the first violation is a {@link vmette.guest.protocol.ProtocolException}, after which the
 * connection has to be closed. Frames that the host builds are checked when they are made, so that what a caller got wrong is
 * reported to the caller and never reaches the guest.
 *
 * <p>Values here are immutable and hold no file descriptor, thread or clock; only the decoder has state and belongs to one
 * connection. Used by the actors module; nothing here knows Akka or a socket.
 *
 * <p>{@link vmette.guest.protocol.HostFrameDecoder} and {@link vmette.guest.protocol.AgentFrames} are the agent's half, for those who play it:
 * {@code vmette.testkit} and tests.
 */
package vmette.guest.protocol;
