package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** That each case asks its client for what it says it measures. */
class VsockCaseTest {
    private static final int MIB = 64;
    private static final int PINGS = 1000;

    /** Takes a microsecond for the first round trip, two for the second and so on, and gives them in another order. */
    private static final class Recorder implements TrafficClient {
        private final List<String> asked = new ArrayList<>();

        @Override
        public String name() {
            return "recorder";
        }

        @Override
        public long transfer(TrafficOrder order, int streams) {
            asked.add(streams + " of " + order);
            return 1;
        }

        @Override
        public long[] pingPong(int size, int rounds) {
            asked.add(rounds + " times " + size + " B");
            List<Long> nanos = new ArrayList<>(
                    LongStream.rangeClosed(1, rounds).map(i -> i * 1000).boxed().toList());
            Collections.shuffle(nanos, new Random(1));
            return nanos.stream().mapToLong(Long::longValue).toArray();
        }
    }

    private static VsockCase named(String name) {
        return VsockCase.all(MIB, PINGS).stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> askedBy(String name) {
        Recorder client = new Recorder();
        named(name).run(client);
        return client.asked;
    }

    @Test
    void pingPongIsOfSoManyRoundTripsAndSuchMessages() {
        assertThat(askedBy("ping-pong, 64 B")).containsExactly("1000 times 64 B");
        assertThat(named("ping-pong, 64 B").run(new Recorder()))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        new VsockCase.Quantity(", p50", "us"), 501.0,
                        new VsockCase.Quantity(", p99", "us"), 991.0));
    }

    @Test
    void aTransferIsOfTheWritesAndStreamsThatItsNameSays() {
        assertThat(askedBy("guest to host, 1 stream, 64 KiB"))
                .containsExactly("1 of TrafficOrder[mode=FROM_GUEST, writeSize=65536, bytes=" + (MIB << 20) + "]");
        assertThat(askedBy("host to guest, 64 streams, 4 KiB"))
                .containsExactly("64 of TrafficOrder[mode=TO_GUEST, writeSize=4096, bytes=" + (MIB << 18) / 64 + "]");
        assertThat(askedBy("both at once, 64 streams, 4 B"))
                .containsExactly("64 of TrafficOrder[mode=BOTH, writeSize=4, bytes=" + (MIB << 11) / 64 + "]");
    }
}
