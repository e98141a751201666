package vmette.stream;

import static org.assertj.core.api.Assertions.assertThat;

import akka.util.ByteString;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the order of pulls, pushes, deliveries and full queues: no byte is lost, none is repeated, nothing hangs. */
class ConnectionInterleavingsTest extends StreamFixture {
    private static final int SEEDS = Boolean.getBoolean("vmette.full") ? 4000 : 400;
    private static final int STEPS = 40;

    @Test
    void noInterleavingLosesBytesOrHangs() {
        for (int seed = 0; seed < SEEDS; seed++) {
            try {
                run(new Random(seed));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        awaitStagesStopped();
    }

    private void run(Random random) {
        Probed flow = new Probed(random.nextBoolean());
        int openAt = random.nextInt(STEPS / 2);
        FakeChannel channel = null;
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        ByteArrayOutputStream delivered = new ByteArrayOutputStream();
        long wanted = 0;
        int chunks = 0;
        for (int step = 0; step < STEPS; step++) {
            if (step == openAt) {
                channel = flow.dial.open();
            }
            switch (random.nextInt(5)) {
                case 0 -> {
                    byte[] bytes = some(random);
                    sent.writeBytes(bytes);
                    flow.in.sendNext(ByteString.fromArray(bytes));
                }
                case 1 -> {
                    int more = 1 + random.nextInt(3);
                    wanted += more;
                    flow.out.request(more);
                }
                case 2 -> {
                    if (channel != null && channel.hasDemand()) {
                        byte[] bytes = some(random);
                        delivered.writeBytes(bytes);
                        chunks++;
                        channel.deliver(bytes);
                    }
                }
                case 3 -> {
                    if (channel != null) {
                        channel.fill();
                    }
                }
                default -> {
                    if (channel != null) {
                        channel.drain();
                    }
                }
            }
        }
        channel.drain();
        flow.in.sendComplete();
        channel.awaitOutputShut();
        while (chunks < wanted) {
            byte[] bytes = some(random);
            delivered.writeBytes(bytes);
            chunks++;
            channel.deliver(bytes);
        }
        channel.end();
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        for (int i = 0; i < chunks; i++) {
            received.writeBytes(flow.out.expectNext().toArrayUnsafe());
        }
        flow.out.expectComplete();
        assertThat(channel.written()).isEqualTo(sent.toByteArray());
        assertThat(received.toByteArray()).isEqualTo(delivered.toByteArray());
        assertThat(channel.wasReset()).isFalse();
        channel.checkContract();
    }

    private static byte[] some(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(32)];
        random.nextBytes(bytes);
        return bytes;
    }
}
