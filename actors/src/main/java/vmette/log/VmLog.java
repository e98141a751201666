package vmette.log;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import vmette.errors.InvalidConfigException;

/**
 * What a VM's service has written to its standard output and error, in the order in which it wrote it, over all incarnations of the VM; empty for a VM that runs nothing
 * by itself. The last {@code vmette.log.keep} bytes are kept, for as long as somebody has the VM's handle, after its end too. Thread-safe.
 *
 * <p>Between two incarnations stands a line such as {@code --- incarnation 2, 2026-01-31T12:00:00Z}. Where a reader was so slow that what it had not read
 * yet was overwritten, it gets a line in its place that says how many bytes those were: {@code --- 4096 bytes were overwritten before they were read}. No reader, however slow,
 * holds back the guest, the runtime or another reader.
 *
 * <p><b>The bytes are the guest's.</b> They need not be text or end lines, may contain what moves a terminal's cursor, and look like the lines above.
 * Who shows them has to escape them, line by line as {@link vmette.vmm.GuestText#printable(String)} does. Chunks are of at most 64 KiB and end anywhere.
 */
public final class VmLog {
    private final LogRing ring;

    VmLog(LogRing ring) {
        this.ring = ring;
    }

    /**
     * The last lines that are kept when it is materialised; it ends after them.
     *
     * @param lines at most, 0 or more; {@link Integer#MAX_VALUE} for all. One that has not ended yet counts as one; what is kept may begin within a line
     * @throws InvalidConfigException for less than 0
     */
    public Source<ByteString, NotUsed> last(int lines) {
        return Source.fromGraph(new LogStage(ring, checked(lines), false));
    }

    /**
     * The last lines, as {@link #last}, and then what is written, until the VM ends.
     *
     * @param lines as for {@link #last}
     * @throws InvalidConfigException for less than 0
     */
    public Source<ByteString, NotUsed> follow(int lines) {
        return Source.fromGraph(new LogStage(ring, checked(lines), true));
    }

    private static int checked(int lines) {
        if (lines < 0) {
            throw new InvalidConfigException(lines + " lines of a log are refused: allowed is 0 or more");
        }
        return lines;
    }
}
