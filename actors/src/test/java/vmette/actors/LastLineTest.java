package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import vmette.stream.FakeChannel;
import vmette.stream.FakeVsockHost;

class LastLineTest {
    private final AtomicInteger ended = new AtomicInteger();
    private final LastLine line = new LastLine("opening".getBytes(UTF_8), ended::incrementAndGet);

    private FakeChannel open() {
        FakeVsockHost host = new FakeVsockHost();
        host.connect(1024, Duration.ofSeconds(1), line);
        return host.nextDial().open();
    }

    private String of(String... chunks) {
        FakeChannel channel = open();
        for (String chunk : chunks) {
            channel.deliver(chunk.getBytes(UTF_8));
        }
        channel.end();
        channel.close();
        assertThat(new String(channel.written(), UTF_8)).isEqualTo("opening");
        channel.checkContract();
        return line.text();
    }

    @Example
    void isTheLastOneThatIsNotEmpty() {
        assertThat(of("one\ntwo", " words\r\n", "\n\n")).isEqualTo("two words");
        assertThat(ended).hasValue(1);
    }

    @Example
    void isWhatThereIsWithoutALineFeed() {
        assertThat(of("one\ntw", "o")).isEqualTo("two");
    }

    @Example
    void isEmptyWhereNothingIsSaid() {
        assertThat(of("\n\n")).isEmpty();
    }

    @Example
    void isCutAndMadePrintable() {
        assertThat(of("short\n" + "x".repeat(300) + "\n")).isEqualTo("x".repeat(256) + "...");
    }

    @Example
    void doesNotMoveTheReadersCursor() {
        assertThat(of("\u001b[2Jgone")).isEqualTo("\\x1b[2Jgone");
    }

    @Example
    void aStopResetsAndEndsOnce() {
        FakeChannel channel = open();
        channel.deliver((byte) 'a');
        line.stop();
        assertThat(channel.wasReset()).isTrue();
        line.stop();
        assertThat(ended).hasValue(1);
    }

    @Example
    void oneThatOpensAfterTheStopIsResetAtOnce() {
        line.stop();
        FakeChannel channel = open();
        assertThat(channel.wasReset()).isTrue();
        assertThat(channel.written()).isEmpty();
        assertThat(ended).hasValue(1);
    }

    @Example
    void aResetIsAnEnd() {
        open().resetByPeer();
        assertThat(ended).hasValue(1);
    }

    @Property
    void isTheSameHoweverItIsCut(
            @ForAll @Size(max = 20) List<@StringLength(max = 400) @Chars({'a', 'b', '\n', '\r', ' '}) String> chunks) {
        LastLine own = new LastLine(new byte[0], () -> {});
        FakeVsockHost host = new FakeVsockHost();
        host.connect(1024, Duration.ofSeconds(1), own);
        FakeChannel channel = host.nextDial().open();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String chunk : chunks) {
            all.writeBytes(chunk.getBytes(UTF_8));
            channel.deliver(chunk.getBytes(UTF_8));
        }
        String expected = Arrays.stream(all.toString(UTF_8).split("[\n\r]"))
                .filter(each -> !each.isEmpty())
                .reduce("", (before, each) -> each);
        String cut =
                expected.length() > LastLine.MOST_BYTES ? expected.substring(0, LastLine.MOST_BYTES) + "..." : expected;
        assertThat(own.text()).isEqualTo(cut);
    }
}
