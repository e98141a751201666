package vmette;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import java.util.concurrent.CompletionStage;
import vmette.actors.Attachment;
import vmette.actors.DetachedTicket;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.stream.OutputChunk;
import vmette.stream.Replay;
import vmette.stream.Vsock;

/**
 * A command that goes on whoever looks at it. Thread-safe.
 *
 * <p>The guest keeps the latest bytes of each output, {@code vmette.exec.replay-buffer} of them; nothing of it is in this process's memory.
 * A client attaches from the offset it has come to and gets every byte from there, or a {@link OutputChunk.Gap} that says exactly which are gone.
 * While it is attached its pace is the command's, and what it has not taken is not overwritten. Each output has one attachment at a time:
 * a new one takes over, and the former one fails with {@link vmette.errors.AttachException}.
 *
 * <p>The command, its status and its outputs stay in the guest until {@link #release} or the VM's end; the guest holds at most 256
 * executions, and unreleased ones count.
 */
public final class DetachedExecution {
    private final DetachedTicket ticket;
    private final Vsock vsock;

    DetachedExecution(DetachedTicket ticket, Vsock vsock) {
        this.ticket = ticket;
        this.vsock = vsock;
    }

    /** What {@link VmHandle#attach} finds it by; unique within the VM. */
    public long id() {
        return ticket.id();
    }

    /** Completes with the command's process id in the guest when it runs; fails with a {@code VmetteException} if it cannot. */
    public CompletionStage<Integer> started() {
        return ticket.started();
    }

    /**
     * Completes when the command has ended, whatever of its outputs was read; fails with a {@code VmetteException} if it could not be
     * started or its VM was lost. Exactly one of these.
     */
    public CompletionStage<ExitStatus> status() {
        return ticket.outcome().thenApply(ExitStatus::of);
    }

    /**
     * Its standard output, or its terminal, from an offset. Each materialisation is an attachment of its own. Completes after the last byte when
     * the output has ended; cancelling it leaves the command alone.
     *
     * @param from 0 or more; beyond what the command has written the stream fails with {@link vmette.errors.AttachException}
     * @return contiguous: each chunk begins where the one before ended. Fails with {@link vmette.errors.VsockException} when the connection breaks:
     *     then attach again from the last chunk's {@link OutputChunk#to()}
     * @throws InvalidConfigException for a negative offset
     */
    public Source<OutputChunk, NotUsed> attachStdout(long from) {
        return attach(StreamId.STDOUT, from);
    }

    /** As {@link #attachStdout}, for standard error; there is none of its own with a terminal or merged outputs. */
    public Source<OutputChunk, NotUsed> attachStderr(long from) {
        return attach(StreamId.STDERR, from);
    }

    /** As {@link #attachStdout}, but attaches again by itself from where it was when the connection breaks. */
    public Source<OutputChunk, NotUsed> resumeStdout(long from) {
        return resume(StreamId.STDOUT, from);
    }

    /** As {@link #resumeStdout}, for standard error. */
    public Source<OutputChunk, NotUsed> resumeStderr(long from) {
        return resume(StreamId.STDERR, from);
    }

    private Source<OutputChunk, NotUsed> resume(StreamId stream, long from) {
        checkOffset(from);
        return Replay.resuming(from, offset -> attach(stream, offset));
    }

    private Source<OutputChunk, NotUsed> attach(StreamId stream, long from) {
        checkOffset(from);
        return Source.<OutputChunk, NotUsed>fromMaterializer((materializer, attributes) -> {
                    Attachment attachment = ticket.attach(stream, from);
                    return Source.completionStageSource(attachment
                                    .granted()
                                    .thenApply(granted -> Replay.source(vsock, GuestProtocol.PORT, granted)))
                            .watchTermination((none, done) -> {
                                done.whenComplete((ok, failure) -> ticket.left(attachment));
                                return NotUsed.getInstance();
                            });
                })
                .mapMaterializedValue(late -> NotUsed.getInstance());
    }

    private static void checkOffset(long from) {
        if (from < 0) {
            throw new InvalidConfigException("an output has no offset " + from + ": the first is 0");
        }
    }

    /**
     * Sends a signal to the command itself; without effect once it has ended.
     *
     * @param number 1 to 64
     * @throws InvalidConfigException for another number
     */
    public void signal(int number) {
        ticket.signal(number, false);
    }

    /**
     * Sends a signal to the command's process group; without effect once that is gone.
     *
     * @param number 1 to 64
     * @throws InvalidConfigException for another number
     */
    public void signalGroup(int number) {
        ticket.signal(number, true);
    }

    /** Changes the size of the command's terminal, in characters, 0 to 65535 each; without effect on one that has none. */
    public void resize(int rows, int columns) {
        ticket.resize(new ExecSpec.Terminal(rows, columns));
    }

    /**
     * Gives back what the guest keeps of it: its outputs at once, its status and its place when it has ended. The command itself is left alone, and
     * what it still writes is dropped. Attachments fail with {@link vmette.errors.AttachException}. Idempotent.
     */
    public void release() {
        ticket.release();
    }
}
