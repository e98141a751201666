package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A guest's requests against a plain model: each has one answer, and at most a backlog of them waits. */
class RequestAnswersTest {
    private static final int HOST = 7000;

    private final List<VsockHost.IncomingRequest> given = new ArrayList<>();
    private final List<Integer> gone = new ArrayList<>();
    private final Map<Integer, Long> waiting = new LinkedHashMap<>();
    private final List<String> expected = new ArrayList<>();
    private final List<Integer> expectedGone = new ArrayList<>();
    private MuxerHarness harness;
    private long seconds;

    private final class Acceptor implements VsockHost.Acceptor {
        @Override
        public void onRequest(VsockHost.IncomingRequest request) {
            given.add(request);
        }

        @Override
        public void onRequestGone(VsockHost.IncomingRequest request) {
            gone.add(request.remote().port());
        }
    }

    @Property(tries = 300)
    void eachIsAnsweredOnceAndOneBeyondTheBacklogOrTooLateByRst(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 6) int backlog) {
        harness = new MuxerHarness();
        given.clear();
        gone.clear();
        waiting.clear();
        expectedGone.clear();
        seconds = 0;
        harness.host.listen(HOST, backlog, new Acceptor());
        for (int port = 1; port < 80; port++) {
            expected.clear();
            switch (random.nextInt(6)) {
                case 0, 1, 2 -> ask(port, backlog);
                case 3 -> answer(random);
                case 4 -> giveUp(random);
                default -> pass(random.nextInt(7));
            }
            check();
        }
        expected.clear();
        pass(100);
        check();
        assertThat(waiting).isEmpty();
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(harness.expiries.isEmpty()).isTrue();
    }

    private void check() {
        assertThat(harness.drain().stream()
                        .map(sent -> sent.op() + " " + sent.header().dstPort()))
                .containsExactlyInAnyOrderElementsOf(expected);
        assertThat(gone).containsExactlyElementsOf(expectedGone);
        assertThat(harness.muxer.connectionCount()).isEqualTo(waiting.size());
    }

    private void ask(int port, int backlog) {
        if (waiting.size() < backlog) {
            waiting.put(port, seconds + harness.limits.acceptTimeout().toSeconds());
        } else {
            expected.add("RST " + port);
        }
        harness.send(VsockOp.REQUEST, port, HOST);
    }

    /** The answer to any request so far: too late for most of them, which changes nothing. */
    private void answer(Random random) {
        if (given.isEmpty()) {
            return;
        }
        VsockHost.IncomingRequest request = given.get(random.nextInt(given.size()));
        int port = request.remote().port();
        boolean inTime = waiting.remove(port) != null;
        if (random.nextInt(3) == 0) {
            request.reject();
            if (inTime) {
                expected.add("RST " + port);
            }
            return;
        }
        RecordingHandler handler = new RecordingHandler();
        request.accept(handler);
        assertThat(handler.marks()).containsExactly(inTime ? "open" : "reset");
        if (inTime) {
            assertThat(harness.drainOps()).containsExactly(VsockOp.RESPONSE);
            handler.channel.reset();
            expected.add("RST " + port);
        }
    }

    private void giveUp(Random random) {
        List<Integer> ports = List.copyOf(waiting.keySet());
        if (!ports.isEmpty()) {
            int port = ports.get(random.nextInt(ports.size()));
            waiting.remove(port);
            expectedGone.add(port);
            harness.send(VsockOp.RST, port, HOST);
        }
    }

    private void pass(int time) {
        seconds += time;
        waiting.entrySet().removeIf(entry -> {
            boolean late = entry.getValue() <= seconds;
            if (late) {
                expected.add("RST " + entry.getKey());
                expectedGone.add(entry.getKey());
            }
            return late;
        });
        harness.pass(Duration.ofSeconds(time));
    }
}
