package vmette.vsock;

import java.util.concurrent.Executor;

/** What a connection asks of the device it belongs to. */
interface ConnectionHome extends ExpiryTimer {
    VsockLimits limits();

    WriteGauge writes();

    long guestCid();

    Executor loop();

    /** The connection has something to send. */
    void ready(VsockConnection connection);

    /** An RST that outlives its connection. */
    void reply(VsockHeader rst);

    /** The guest does not know the connection any more: its ports are free. */
    void left(VsockConnection connection);

    /** Nothing of the connection remains; {@link #left} was called before. */
    void gone(VsockConnection connection);
}
