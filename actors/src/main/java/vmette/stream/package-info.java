/**
 * vsock connections as back-pressured Akka Streams: {@link vmette.stream.Vsock} has the shape of Akka's {@code javadsl.Tcp}.
 * {@link vmette.stream.GuestTcp} carries TCP connections of the guest's over them.
 *
 * <p>Demand travels the whole way: a pull of the source asks the connection for one chunk, only bytes handed over
 * return credit to the guest, and a guest without credit blocks in its {@code write()}. The other way a push is acknowledged
 * by the next pull once the connection's queue has room.
 */
package vmette.stream;
