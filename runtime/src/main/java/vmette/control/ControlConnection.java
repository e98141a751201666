package vmette.control;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/** One end of a control connection. One thread reads; writing is thread-safe. */
final class ControlConnection implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final SocketChannel channel;
    private final InputStream in;
    private final Object writing = new Object();

    ControlConnection(SocketChannel channel) {
        this.channel = channel;
        // Not the channel itself: its stream would lock out a writer while it waits for bytes.
        this.in = new BufferedInputStream(Channels.newInputStream(new OnlyReadable(channel)), BUFFER);
    }

    private record OnlyReadable(SocketChannel channel) implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer to) throws IOException {
            return channel.read(to);
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    void open() throws IOException {
        write(ControlCodec.OPENING);
    }

    /** What the peer opens with is this protocol in this version, or is not. */
    boolean isOpened() throws IOException {
        return Arrays.equals(in.readNBytes(ControlCodec.OPENING.length), ControlCodec.OPENING);
    }

    ControlFrame read() throws IOException {
        return ControlCodec.read(in);
    }

    void write(ControlFrame frame) throws IOException {
        write(ControlCodec.write(frame));
    }

    private void write(byte[] bytes) throws IOException {
        synchronized (writing) {
            for (ByteBuffer left = ByteBuffer.wrap(bytes); left.hasRemaining(); ) {
                channel.write(left);
            }
        }
    }

    /** Takes content; closing it leaves the connection open and says nothing. */
    OutputStream content() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                for (int at = offset; at < offset + length; at += BUFFER) {
                    ControlConnection.this.write(new ControlFrame.Data(
                            Arrays.copyOfRange(bytes, at, Math.min(at + BUFFER, offset + length))));
                }
            }
        };
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing can be done, and nothing is held.
        }
    }
}
