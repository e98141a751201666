package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ReceiveBufferTest {
    private static void append(ReceiveBuffer buffer, byte[] data) {
        buffer.append(
                (offset, target, at, length) -> System.arraycopy(data, offset, target, at, length), 0, data.length);
    }

    /** Positive steps append, negative ones take; the appender keeps to the credit like a guest that does not cheat. */
    @Property
    void chargeStaysWithinTheBoundAndBytesKeepTheirOrder(
            @ForAll @IntRange(min = 16, max = 300) int boundKib,
            @ForAll @Size(max = 80) List<@IntRange(min = -70_000, max = 70_000) Integer> steps) {
        int bound = boundKib * 1024;
        ReceiveBuffer buffer = new ReceiveBuffer(bound);
        int credit = ReceiveBuffer.creditFor(bound);
        ByteArrayOutputStream in = new ByteArrayOutputStream();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int unreleased = 0;
        for (int step : steps) {
            if (step > 0) {
                byte[] data = MuxerHarness.bytes(Math.min(step, credit - unreleased), step);
                append(buffer, data);
                in.writeBytes(data);
                unreleased += data.length;
            } else if (step < 0 && !buffer.isEmpty()) {
                byte[] taken = buffer.take(-step);
                assertThat(taken.length).isBetween(1, -step);
                out.writeBytes(taken);
                unreleased -= buffer.pollReleased();
            }
            assertThat(buffer.charge()).isLessThanOrEqualTo(bound);
            assertThat(buffer.size()).isEqualTo(in.size() - out.size());
        }
        while (!buffer.isEmpty()) {
            out.writeBytes(buffer.take(5000));
            unreleased -= buffer.pollReleased();
        }
        assertThat(out.toByteArray()).isEqualTo(in.toByteArray());
        assertThat(unreleased).isZero();
        assertThat(buffer.charge()).isZero();
    }

    @Example
    void aFullCreditOfSingleBytesFits() {
        int bound = ReceiveBuffer.MIN_BOUND;
        ReceiveBuffer buffer = new ReceiveBuffer(bound);
        byte[] one = {1};
        for (int i = 0; i < ReceiveBuffer.creditFor(bound); i++) {
            append(buffer, one);
        }
        assertThat(buffer.charge()).isLessThanOrEqualTo(bound);
    }

    @Example
    void largePacketsAreHandedOverInTheArrayTheyWereCopiedInto() {
        ReceiveBuffer buffer = new ReceiveBuffer(1 << 20);
        byte[][] seen = new byte[1][];
        buffer.append((offset, target, at, length) -> seen[0] = target, 0, 60_000);
        assertThat(buffer.take(Integer.MAX_VALUE)).isSameAs(seen[0]).hasSize(60_000);
    }
}
