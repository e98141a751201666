package vmette.stream.internal;

import akka.stream.Attributes;
import akka.stream.FanOutShape2;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AbstractInHandler;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import akka.stream.stage.TimerGraphStageLogic;
import akka.util.ByteString;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import vmette.errors.VsockException;
import vmette.guest.protocol.Openings;
import vmette.stream.OutputChunk;
import vmette.stream.Replay;

/**
 * Gives a data connection's bytes their offsets, and acknowledges what was taken: a chunk is when the next one is asked for, since a failure may
 * overtake one that was only handed on. That the connection ends means nothing: the
 * output has ended when the agent says so on its control connection and every byte before has come.
 */
public final class ReplayStage extends GraphStage<FanOutShape2<ByteString, OutputChunk, ByteString>> {
    private static final long LARGEST_STEP = 256 * 1024;

    private final Inlet<ByteString> in = Inlet.create("Replay.in");
    private final Outlet<OutputChunk> out = Outlet.create("Replay.out");
    private final Outlet<ByteString> acks = Outlet.create("Replay.acks");
    private final FanOutShape2<ByteString, OutputChunk, ByteString> shape = new FanOutShape2<>(in, out, acks);
    private final Replay.Granted granted;
    private final Duration patience;

    /** @param patience how long the agent's word may come after the connection's end */
    public ReplayStage(Replay.Granted granted, Duration patience) {
        this.granted = granted;
        this.patience = patience;
    }

    @Override
    public FanOutShape2<ByteString, OutputChunk, ByteString> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends TimerGraphStageLogic {
        /** A quarter of the window at most, so that the guest never waits for a word that is due. */
        private final long step = Math.max(1, Math.min(granted.ringBytes() / 4, LARGEST_STEP));

        private long offset = granted.start();
        private long taken = offset;
        private long acknowledged = offset;
        private boolean gapDue = granted.start() > granted.from();
        private boolean openingDue = true;
        private boolean inputEnded;
        private Optional<Long> length = Optional.empty();
        private Optional<Throwable> broken = Optional.empty();

        Logic() {
            super(shape);
            setHandler(in, new FromGuest());
            setHandler(out, new ToClient());
            setHandler(acks, new ToGuest());
        }

        @Override
        public void preStart() {
            if (granted.start() < granted.from()) {
                failStage(new VsockException("the agent broke the guest protocol: it begins an output at "
                        + granted.start() + " that was asked for from " + granted.from()));
                return;
            }
            AsyncCallback<Runnable> callback = createAsyncCallback(Runnable::run);
            granted.end()
                    .whenComplete((end, failure) ->
                            callback.invoke(() -> onEnd(Optional.ofNullable(end), Optional.ofNullable(failure))));
        }

        private void onEnd(Optional<Long> end, Optional<Throwable> failure) {
            failure.ifPresent(why -> failStage(why instanceof CompletionException ? why.getCause() : why));
            if (failure.isEmpty()) {
                length = end;
                settle();
            }
        }

        private void settle() {
            if (!inputEnded || gapDue) {
                return;
            }
            if (length.isEmpty()) {
                scheduleOnce("end", patience);
            } else if (length.get() == offset) {
                completeStage();
            } else if (broken.isPresent()) {
                failStage(broken.get());
            } else {
                failStage(new VsockException("the agent broke the guest protocol: an output of " + length.get()
                        + " bytes ended at byte " + offset));
            }
        }

        @Override
        public void onTimer(Object key) {
            failStage(
                    broken.orElseGet(() -> new VsockException("the data connection of an output ended at byte " + offset
                            + ", and the guest's agent did not say why within " + patience.toSeconds()
                            + " s: attach again from there")));
        }

        private void acknowledge() {
            if (openingDue || taken - acknowledged < step || !isAvailable(acks)) {
                return;
            }
            acknowledged = taken;
            push(acks, ByteString.fromArrayUnsafe(Openings.acknowledgement(taken)));
        }

        private final class FromGuest extends AbstractInHandler {
            @Override
            public void onPush() {
                ByteString bytes = grab(in);
                if (bytes.size() > Long.MAX_VALUE - offset) {
                    failStage(new VsockException("the agent broke the guest protocol: no output has " + bytes.size()
                            + " bytes at offset " + offset));
                    return;
                }
                OutputChunk.Bytes chunk = new OutputChunk.Bytes(offset, bytes);
                offset = chunk.to();
                push(out, chunk);
            }

            @Override
            public void onUpstreamFinish() {
                inputEnded = true;
                settle();
            }

            /** One that was taken over may be reset as well: the agent's word is the better reason, and it is on its way. */
            @Override
            public void onUpstreamFailure(Throwable failure) {
                inputEnded = true;
                broken = Optional.of(failure);
                if (length.isPresent()) {
                    failStage(failure);
                } else {
                    scheduleOnce("end", patience);
                }
            }
        }

        private final class ToClient extends AbstractOutHandler {
            @Override
            public void onPull() {
                taken = offset;
                acknowledge();
                if (gapDue) {
                    gapDue = false;
                    push(out, new OutputChunk.Gap(granted.from(), granted.start()));
                    settle();
                } else if (!inputEnded) {
                    pull(in);
                }
            }
        }

        private final class ToGuest extends AbstractOutHandler {
            @Override
            public void onPull() {
                if (openingDue) {
                    openingDue = false;
                    push(acks, granted.opening());
                } else {
                    acknowledge();
                }
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
                // The agent takes nothing more; what it has sent before still counts.
            }
        }
    }
}
