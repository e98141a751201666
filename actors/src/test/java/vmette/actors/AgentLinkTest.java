package vmette.actors;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.VmSavedException;
import vmette.errors.VsockDriverRestartedException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;
import vmette.stream.FakeChannel;
import vmette.stream.FakeVsockHost;

class AgentLinkTest {
    private final FakeVsockHost host = new FakeVsockHost();
    private final List<AgentLink.Event> events = new ArrayList<>();
    private final AgentLink link = new AgentLink(events::add);

    private FakeChannel open() {
        host.connect(AgentLink.PORT, Duration.ofSeconds(1), link);
        FakeChannel channel = host.nextDial().open();
        assertThat(channel.read(4)).isEqualTo("VMTC".getBytes(US_ASCII));
        return channel;
    }

    @Test
    void asksForTheNextChunkOnlyWhenTheLastOneIsDealtWith() {
        FakeChannel channel = open();
        channel.deliver(FakeAgent.encode(FakeAgent.GREETING));
        assertThat(events)
                .containsExactly(
                        new AgentLink.Opened(), new AgentLink.Said(FakeAgent.GREETING), new AgentLink.Drained());
        assertThat(channel.hasDemand()).isFalse();
        link.more();
        assertThat(channel.hasDemand()).isTrue();
    }

    @Test
    void framesAreWholeHoweverTheyAreCut() {
        FakeChannel channel = open();
        for (byte one : FakeAgent.encode(FakeAgent.READY)) {
            channel.deliver(one);
            link.more();
        }
        assertThat(events).contains(new AgentLink.Said(FakeAgent.READY));
    }

    @Test
    void aDialThatWasRefusedNeverStood() {
        host.connect(AgentLink.PORT, Duration.ofSeconds(1), link);
        host.nextDial().refuse();
        assertThat(events).singleElement().isInstanceOf(AgentLink.NotOpened.class);
        link.send(new HostFrame.Ping(1));
    }

    @Test
    void whatWasSaidBeforeAViolationIsHeard() {
        FakeChannel channel = open();
        byte[] good = FakeAgent.encode(new AgentFrame.Error(2, 0, "why"));
        channel.deliver(Arrays.copyOf(good, good.length + 4));
        assertThat(events).element(1).isEqualTo(new AgentLink.Said(new AgentFrame.Error(2, 0, "why")));
        assertThat(events).last().isInstanceOf(AgentLink.Lost.class);
        assertThat(channel.wasReset()).isTrue();
    }

    @Test
    void saysWhenWhatWaitsForTheAgentIsTooMuchAndWhenItHasReadOn() {
        FakeChannel channel = open();
        channel.fill();
        events.clear();
        link.send(new HostFrame.Ping(1));
        assertThat(events).containsExactly(new AgentLink.Congested(0));
        channel.drain();
        assertThat(events).endsWith(new AgentLink.Eased());
        assertThat(link.easings()).isEqualTo(1);
    }

    @Test
    void isLostOnce() {
        FakeChannel channel = open();
        channel.end();
        channel.close();
        channel.resetByPeer();
        assertThat(events).filteredOn(AgentLink.Lost.class::isInstance).hasSize(1);
    }

    @Test
    void anOrderlyCloseAndAResetAreLosses() {
        open().close();
        assertThat(events).last().isInstanceOf(AgentLink.Lost.class);
        events.clear();
        open().resetByPeer();
        assertThat(events).last().isInstanceOf(AgentLink.Lost.class);
    }

    @Test
    void aLossSaysByWhatItIs() {
        assertThat(lostBy(new VmSavedException("saved"))).isEqualTo(AgentLink.Loss.SAVE);
        assertThat(lostBy(new VsockDriverRestartedException("restarted"))).isEqualTo(AgentLink.Loss.DRIVER_RESTART);
        assertThat(lostBy(new VsockResetException("reset"))).isEqualTo(AgentLink.Loss.RESET);
        open().close();
        assertThat(((AgentLink.Lost) events.get(events.size() - 1)).by()).isEqualTo(AgentLink.Loss.AGENT);
    }

    private AgentLink.Loss lostBy(VsockException reset) {
        open();
        link.onReset(reset);
        AgentLink.Lost lost = (AgentLink.Lost) events.get(events.size() - 1);
        assertThat(lost.why()).isEqualTo(reset.getMessage());
        return lost.by();
    }
}
