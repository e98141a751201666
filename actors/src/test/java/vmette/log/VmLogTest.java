package vmette.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.NotUsed;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.errors.InvalidConfigException;
import vmette.stream.Await;
import vmette.stream.BrokenStreams;

/** A log as streams. */
class VmLogTest {
    private ActorTestKit kit;
    private final LogRing ring = new LogRing(100);
    private final VmLog log = ring.log();

    @BeforeEach
    void startSystem() {
        kit = ActorTestKit.create(ConfigFactory.parseString("akka.test.single-expect-default = 30s")
                .withFallback(ConfigFactory.load()));
    }

    @AfterEach
    void stopSystem() {
        kit.shutdownTestKit();
    }

    private void write(String text) {
        ring.append(text.getBytes(UTF_8));
    }

    private CompletionStage<String> read(Source<ByteString, NotUsed> source) {
        return source.runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system())
                .thenApply(ByteString::utf8String);
    }

    private TestSubscriber.Probe<ByteString> probe(Source<ByteString, NotUsed> source) {
        return source.runWith(TestSink.create(kit.system()), kit.system());
    }

    @Test
    void theLastLinesThatAreKept() {
        write("one\ntwo\nthree\nfo");
        assertThat(Await.value(read(log.last(2)))).isEqualTo("three\nfo");
        assertThat(Await.value(read(log.last(0)))).isEmpty();
        assertThat(Await.value(read(log.last(Integer.MAX_VALUE)))).isEqualTo("one\ntwo\nthree\nfo");
        write("ur\n" + "x".repeat(96));
        assertThat(Await.value(read(log.last(Integer.MAX_VALUE)))).isEqualTo("our\n" + "x".repeat(96));
    }

    @Test
    void nothingIsReadWhereNothingWasWritten() {
        assertThat(Await.value(read(log.last(10)))).isEmpty();
    }

    @Test
    void whoFollowsGetsWhatComesUntilTheEnd() {
        write("one\ntwo\n");
        TestSubscriber.Probe<ByteString> reader = probe(log.follow(1));
        reader.request(10);
        assertThat(reader.requestNext().utf8String()).isEqualTo("two\n");
        write("three\n");
        assertThat(reader.requestNext().utf8String()).isEqualTo("three\n");
        reader.expectNoMessage();
        ring.end();
        reader.expectComplete();
    }

    @Test
    void anEndNeedsNoDemand() {
        TestSubscriber.Probe<ByteString> reader = probe(log.follow(0));
        reader.ensureSubscription();
        ring.end();
        reader.expectComplete();
    }

    @Test
    void afterTheEndWhatIsKeptIsStillThere() {
        write("one\n");
        ring.end();
        assertThat(Await.value(read(log.follow(5)))).isEqualTo("one\n");
        assertThat(Await.value(read(log.last(5)))).isEqualTo("one\n");
    }

    @Test
    void aSlowReaderIsToldExactlyWhatItMissed() {
        write("before\n");
        TestSubscriber.Probe<ByteString> slow = probe(log.follow(1));
        TestSubscriber.Probe<ByteString> other = probe(log.follow(1));
        other.request(Long.MAX_VALUE);
        // Which shows that they follow.
        assertThat(slow.requestNext().utf8String()).isEqualTo("before\n");
        assertThat(other.expectNext().utf8String()).isEqualTo("before\n");
        write("begin");
        assertThat(slow.requestNext().utf8String()).isEqualTo("begin");
        assertThat(other.expectNext().utf8String()).isEqualTo("begin");
        write("y".repeat(1000));
        write("z".repeat(LogRing.FOLLOWED));
        assertThat(slow.requestNext().utf8String())
                .isEqualTo("\n--- 1000 bytes were overwritten before they were read\n");
        assertThat(slow.requestNext().utf8String()).isEqualTo("z".repeat(LogRing.FOLLOWED));
        ring.end();
        slow.expectComplete();
        StringBuilder rest = new StringBuilder();
        while (other.expectEvent() instanceof TestSubscriber.OnNext<?> next) {
            rest.append(((ByteString) next.element()).utf8String());
        }
        assertThat(rest.toString()).endsWith("z");
    }

    @Test
    void oneOfWhichNothingIsKeptCanBeFollowed() {
        LogRing none = new LogRing(0);
        none.append("gone\n".getBytes(UTF_8));
        TestSubscriber.Probe<ByteString> reader = probe(none.log().follow(10));
        reader.request(1);
        reader.expectNoMessage();
        none.append("live\n".getBytes(UTF_8));
        assertThat(reader.expectNext().utf8String()).isEqualTo("live\n");
        assertThat(Await.value(read(none.log().last(10)))).isEmpty();
        reader.cancel();
        assertThat(Await.value(read(none.log().last(10)))).isEmpty();
    }

    @Test
    void whatIsBegunEndsWhereTheLogStoodThen() {
        write("one\n");
        TestSubscriber.Probe<ByteString> reader = probe(log.last(5));
        reader.ensureSubscription();
        reader.expectNoMessage();
        write("two\n");
        assertThat(reader.requestNext().utf8String()).isEqualTo("one\n");
        reader.expectComplete();
    }

    @Test
    void lessThanNoLinesAreRefused() {
        assertThatThrownBy(() -> log.last(-1)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> log.follow(-1))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("-1 lines of a log are refused: allowed is 0 or more");
    }

    @Test
    void aReaderThatCouldNotBeMadeFollowsNothing() {
        assertThatThrownBy(() -> log.follow(0).runWith(BrokenStreams.sink(), kit.system()))
                .isInstanceOf(IllegalStateException.class);
        write("x".repeat(1000));
        Await.until("it not to be followed", () -> {
            System.gc();
            return ring.size() == 100;
        });
    }
}
