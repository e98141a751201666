package vmette.log;

import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import akka.util.ByteString;
import java.lang.ref.Cleaner;
import vmette.reclaim.Reclaim;

/** One reader of a log: reads on demand, sleeps where there is nothing, and says what it has missed. */
final class LogStage extends GraphStage<SourceShape<ByteString>> {
    static final int CHUNK = 64 * 1024;

    private final Outlet<ByteString> out = Outlet.create("VmLog.out");
    private final SourceShape<ByteString> shape = SourceShape.of(out);
    private final LogRing ring;
    private final int lines;
    private final boolean follow;

    LogStage(LogRing ring, int lines, boolean follow) {
        this.ring = ring;
        this.lines = lines;
        this.follow = follow;
    }

    @Override
    public SourceShape<ByteString> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends GraphStageLogic {
        private final Runnable wake;
        private final Cleaner.Cleanable place;
        private final long until;
        private long position;
        private boolean inLine;
        private boolean asleep;

        Logic() {
            super(shape);
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    step();
                }
            });
            AsyncCallback<LogStage> woken = createAsyncCallback(self -> {
                asleep = false;
                step();
            });
            wake = () -> woken.invoke(LogStage.this);
            // Its place in the log is that of its materialisation, and not of when a thread has begun it.
            if (follow) {
                ring.joined();
            }
            // It may never be started, where another stage of its stream cannot be made.
            place = Reclaim.of(this, follow ? ring::left : () -> {});
            long now = ring.position();
            position = ring.startOfLast(lines, now);
            until = follow ? Long.MAX_VALUE : now;
        }

        @Override
        public void preStart() {
            step();
        }

        /** Goes on as far as demand and the log allow; an end needs no demand. */
        private void step() {
            LogRing.Piece piece = ring.read(position, until, isAvailable(out) ? CHUNK : 1);
            if (piece instanceof LogRing.End) {
                completeStage();
            } else if (piece instanceof LogRing.Nothing) {
                sleep();
            } else if (isAvailable(out)) {
                push(out, taken(piece));
                step();
            }
        }

        private ByteString taken(LogRing.Piece piece) {
            if (piece instanceof LogRing.Gap gap) {
                String line = gap(gap.to() - position, inLine);
                position = gap.to();
                inLine = false;
                return ByteString.fromString(line);
            }
            ByteString bytes = ((LogRing.Bytes) piece).bytes();
            position += bytes.size();
            inLine = bytes.last() != '\n';
            return bytes;
        }

        private void sleep() {
            if (!asleep) {
                asleep = true;
                ring.await(position, wake);
            }
        }

        @Override
        public void postStop() {
            ring.forget(wake);
            place.clean();
        }
    }

    static String gap(long bytes, boolean inLine) {
        return (inLine ? "\n" : "") + "--- " + bytes + (bytes == 1 ? " byte was" : " bytes were")
                + " overwritten before " + (bytes == 1 ? "it was read" : "they were read") + "\n";
    }
}
