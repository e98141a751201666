package vmette.stream.tck;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import vmette.errors.VsockException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/**
 * A vsock whose guest is a thread: it accepts every dial, and dials once where the host listens, then sends so many chunks of one byte,
 * or none, or sends back each chunk as it came; or it refuses. As the contract has it nothing is delivered without demand, nothing after a reset, and all on one thread.
 */
public final class TckGuest implements VsockHost, AutoCloseable {
    private static final int PORT = 7000;

    private enum Manner {
        SENDS,
        LISTENS,
        ECHOES,
        REFUSES
    }

    private final ExecutorService loop = Executors.newSingleThreadExecutor(run -> {
        Thread thread = new Thread(run, "tck-guest");
        thread.setDaemon(true);
        return thread;
    });
    private final Manner manner;
    private final long count;

    private TckGuest(Manner manner, long count) {
        this.manner = manner;
        this.count = count;
    }

    /** Takes all that is sent to it, and says nothing until that ends. */
    public static TckGuest silent() {
        return new TckGuest(Manner.LISTENS, 0);
    }

    /** Sends so many chunks, then ends; takes all that is sent to it. */
    public static TckGuest sending(long count) {
        return new TckGuest(Manner.SENDS, count);
    }

    /** Sends back what it gets, its end too. */
    public static TckGuest echoing() {
        return new TckGuest(Manner.ECHOES, 0);
    }

    /** Refuses all dials. */
    public static TckGuest refusing() {
        return new TckGuest(Manner.REFUSES, 0);
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        // One dial, which the host's answer makes a connection of.
        later(() -> acceptor.onRequest(new Dialled(port)));
        return new Listener() {
            @Override
            public int port() {
                return port;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Listener listen(VsockType type, int port, int backlog, Acceptor acceptor) {
        return listen(port, backlog, acceptor);
    }

    /** A chunk is a message. */
    @Override
    public void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        connect(port, timeout, handler);
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        later(() -> {
            if (manner == Manner.REFUSES) {
                handler.onReset(new VsockException("connection refused"));
            } else {
                handler.onOpen(new Channel(handler));
            }
        });
    }

    private final class Dialled implements IncomingRequest {
        private final int port;

        Dialled(int port) {
            this.port = port;
        }

        @Override
        public VsockAddress local() {
            return new VsockAddress(HOST_CID, port);
        }

        @Override
        public VsockAddress remote() {
            return new VsockAddress(3, PORT);
        }

        @Override
        public void accept(VsockChannelHandler handler) {
            connect(port, Duration.ofMinutes(1), handler);
        }

        @Override
        public void reject() {}
    }

    private void later(Runnable action) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            // closed: the VM is gone, and its connections with it
        }
    }

    @Override
    public void close() {
        loop.shutdownNow();
    }

    private final class Channel implements VsockChannel {
        private final VsockChannelHandler handler;
        private final Queue<byte[]> echoes = new ArrayDeque<>();
        private long left = count;
        private boolean demand;
        private boolean outputEnded;
        private boolean inputEnded;
        private boolean endTold;
        private boolean over;

        Channel(VsockChannelHandler handler) {
            this.handler = handler;
            later(this::turn);
        }

        /** On the loop. */
        private void turn() {
            if (over) {
                return;
            }
            byte[] next = manner == Manner.SENDS && left > 0 ? new byte[] {(byte) left} : echoes.peek();
            if (next != null) {
                if (!demand || inputEnded) {
                    return;
                }
                demand = false;
                if (manner == Manner.SENDS) {
                    left--;
                } else {
                    echoes.remove();
                }
                handler.onData(next);
            }
            boolean allSent = manner == Manner.SENDS ? left == 0 : outputEnded && echoes.isEmpty();
            if (allSent && !endTold && !inputEnded) {
                endTold = true;
                handler.onEnd();
            }
            if ((endTold || inputEnded) && outputEnded) {
                over = true;
                handler.onClosed();
            }
        }

        private void then(Runnable change) {
            later(() -> {
                change.run();
                turn();
            });
        }

        @Override
        public VsockAddress local() {
            return new VsockAddress(HOST_CID, 1 << 30);
        }

        @Override
        public VsockAddress remote() {
            return new VsockAddress(3, PORT);
        }

        @Override
        public void request(int maxBytes) {
            then(() -> demand = true);
        }

        @Override
        public boolean write(byte[] data, int offset, int length) {
            byte[] chunk = java.util.Arrays.copyOfRange(data, offset, offset + length);
            then(() -> {
                if (manner == Manner.ECHOES) {
                    echoes.add(chunk);
                }
            });
            return true;
        }

        @Override
        public void shutdownOutput() {
            then(() -> outputEnded = true);
        }

        @Override
        public void shutdownInput() {
            then(() -> inputEnded = true);
        }

        @Override
        public void reset() {
            then(() -> over = true);
        }
    }
}
