package vmette.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.Token;

/** A connection to the agent's port until it has said what it is for, and the control connection after that. */
final class AgentOpening implements FakeConnection.Peer {
    private static final byte[] CONTROL = Openings.control();
    private static final byte[] DATA = {'V', 'M', 'T', 'D'};
    private static final int DATA_LENGTH = 4 + 8 + 1 + Token.BYTES;
    private static final byte[] NOTHING = new byte[0];

    private final FakeGuest guest;
    private final FakeConnection connection;
    private byte[] held = NOTHING;
    private boolean control;
    private boolean closed;

    AgentOpening(FakeGuest guest, FakeConnection connection) {
        this.guest = guest;
        this.connection = connection;
    }

    @Override
    public void readable() {
        byte[] next;
        while (!closed && (next = connection.take()) != null) {
            if (control) {
                guest.hear(next);
            } else {
                held = Arrays.copyOf(held, held.length + next.length);
                System.arraycopy(next, 0, held, held.length - next.length, next.length);
                look();
            }
        }
    }

    private void look() {
        if (held.length < CONTROL.length) {
            return;
        }
        byte[] word = Arrays.copyOf(held, CONTROL.length);
        if (Arrays.equals(word, CONTROL) && guest.takeControl(connection)) {
            control = true;
            byte[] rest = Arrays.copyOfRange(held, CONTROL.length, held.length);
            held = NOTHING;
            guest.hear(rest);
        } else if (!Arrays.equals(word, DATA)) {
            close();
        } else if (held.length >= DATA_LENGTH) {
            ByteBuffer fields = ByteBuffer.wrap(held, DATA.length, DATA_LENGTH - DATA.length)
                    .order(ByteOrder.LITTLE_ENDIAN);
            long id = fields.getLong();
            int stream = fields.get() & 0xff;
            byte[] token = new byte[Token.BYTES];
            fields.get(token);
            closed = true;
            connection.giveBack(Arrays.copyOfRange(held, DATA_LENGTH, held.length));
            held = NOTHING;
            if (!guest.takeData(connection, id, stream, Token.of(token))) {
                close();
            }
        }
    }

    private void close() {
        closed = true;
        connection.breakOff("the guest's agent has closed it: it opened wrong");
    }
}
