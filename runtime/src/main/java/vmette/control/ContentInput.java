package vmette.control;

import java.io.IOException;
import java.util.Optional;

/** The content that a client sends: it ends with END, and any other end is a failure. */
final class ContentInput extends FrameInput {
    private final ControlConnection connection;

    ContentInput(ControlConnection connection) {
        this.connection = connection;
    }

    @Override
    Optional<byte[]> next() throws IOException {
        ControlFrame frame = connection.read();
        if (frame instanceof ControlFrame.Data data) {
            return Optional.of(data.bytes());
        }
        if (frame instanceof ControlFrame.End) {
            return Optional.empty();
        }
        throw new IOException("the client sent something else than content");
    }
}
