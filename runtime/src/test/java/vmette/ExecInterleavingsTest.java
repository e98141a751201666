package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.util.ByteString;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Whatever the order of input, demand, output and ends: no byte is lost, repeated or out of order within its stream, Started is first,
 * Exited last, and all stages stop; or, when the flow is cut short, the command is ended.
 */
class ExecInterleavingsTest extends FlowFixture {
    private static final int SEEDS = Boolean.getBoolean("vmette.full") ? 2000 : 200;
    private static final int STEPS = 60;

    @Test
    void noInterleavingLosesAnythingOrHangs() {
        for (int seed = 0; seed < SEEDS; seed++) {
            try {
                new Course(new Random(seed)).run();
            } catch (AssertionError | InterruptedException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        awaitStagesStopped();
    }

    /** One command from its start to one of its ends. */
    private final class Course {
        private final Random random;
        private final Probed flow = new Probed();
        private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private final ByteArrayOutputStream wroteOut = new ByteArrayOutputStream();
        private final ByteArrayOutputStream wroteErr = new ByteArrayOutputStream();

        Course(Random random) {
            this.random = random;
        }

        void run() throws InterruptedException {
            int start = random.nextInt(STEPS / 2);
            int signals = 0;
            for (int step = 0; step < STEPS; step++) {
                if (step == start) {
                    flow.command.started.complete(PID);
                }
                switch (random.nextInt(6)) {
                    case 0 -> {
                        byte[] bytes = some();
                        typed.writeBytes(bytes);
                        flow.in.sendNext(ExecInput.stdin(ByteString.fromArray(bytes)));
                    }
                    case 1 -> {
                        signals++;
                        flow.in.sendNext(ExecInput.signal("USR1"));
                    }
                    case 2 -> {
                        flow.out.request(1);
                    }
                    case 3 -> wroteOut.writeBytes(write(true));
                    case 4 -> wroteErr.writeBytes(write(false));
                    default -> flow.command.in().request(1);
                }
            }
            flow.command.hear("begin");
            for (int i = 0; i < signals; i++) {
                flow.command.hear("signal USR1");
            }
            switch (random.nextInt(4)) {
                case 0 -> cancel();
                case 1 -> fail();
                default -> finish();
            }
        }

        private byte[] write(boolean stdout) {
            byte[] bytes = some();
            (stdout ? flow.command.out() : flow.command.err()).sendNext(ByteString.fromArray(bytes));
            return bytes;
        }

        private void cancel() throws InterruptedException {
            flow.out.cancel();
            flow.command.hear("terminate");
            flow.exit();
        }

        private void fail() throws InterruptedException {
            flow.in.sendError(new IllegalStateException("upstream"));
            flow.command.hear("terminate");
            flow.exit();
        }

        private void finish() {
            if (random.nextBoolean()) {
                flow.in.sendNext(ExecInput.closeStdin());
            } else {
                flow.in.sendComplete();
            }
            flow.command.in().request(Integer.MAX_VALUE);
            while (read.size() < typed.size()) {
                read.writeBytes(flow.command.in().expectNext().toArrayUnsafe());
            }
            flow.command.in().expectComplete();
            flow.exit();
            flow.out.request(Integer.MAX_VALUE);
            assertThat(flow.out.expectNext()).isEqualTo(new ExecEvent.Started(PID));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            ExecEvent event = flow.out.expectNext();
            for (; !(event instanceof ExecEvent.Exited); event = flow.out.expectNext()) {
                if (event instanceof ExecEvent.Stdout bytes) {
                    out.writeBytes(bytes.bytes().toArrayUnsafe());
                } else if (event instanceof ExecEvent.Stderr bytes) {
                    err.writeBytes(bytes.bytes().toArrayUnsafe());
                }
            }
            flow.out.expectComplete();
            assertThat(event).isEqualTo(new ExecEvent.Exited(SUCCESS));
            assertThat(read.toByteArray()).isEqualTo(typed.toByteArray());
            assertThat(out.toByteArray()).isEqualTo(wroteOut.toByteArray());
            assertThat(err.toByteArray()).isEqualTo(wroteErr.toByteArray());
            assertThat(flow.command.hasBeenTold()).isFalse();
        }

        private byte[] some() {
            byte[] bytes = new byte[1 + random.nextInt(32)];
            random.nextBytes(bytes);
            return bytes;
        }
    }
}
