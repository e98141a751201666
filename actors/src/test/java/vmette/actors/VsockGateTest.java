package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.stream.FakeVsockHost;
import vmette.vsock.VsockHost.Acceptor;
import vmette.vsock.VsockHost.IncomingRequest;

class VsockGateTest {
    private static final int PORT = 6000;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final FakeVsockHost guest = new FakeVsockHost();
    private final VsockGate gate = new VsockGate(guest);

    @Test
    void dialsWaitAndGoOnInTheirOrder() {
        IgnoringHandler first = new IgnoringHandler();
        gate.connect(1, MINUTE, first);
        gate.connect(2, MINUTE, new IgnoringHandler());
        assertThat(guest.hasDial()).isFalse();
        gate.open();
        FakeVsockHost.Dial dial = guest.nextDial();
        assertThat(dial.port()).isEqualTo(1);
        assertThat(dial.timeout()).isBetween(Duration.ofNanos(1), MINUTE);
        assertThat(guest.nextDial().port()).isEqualTo(2);
        gate.connect(3, MINUTE, new IgnoringHandler());
        assertThat(guest.nextDial().port()).isEqualTo(3);
        gate.open();
        assertThat(guest.hasDial()).isFalse();
        assertThat(first.reset).isNull();
    }

    @Test
    void aDialThatHasWaitedTooLongIsNotMadeAnyMore() {
        IgnoringHandler late = new IgnoringHandler();
        gate.connect(7, Duration.ofNanos(1), late);
        gate.open();
        assertThat(guest.hasDial()).isFalse();
        assertThat(late.reset).hasMessageContaining("guest port 7").hasMessageContaining("in time");
    }

    @Test
    void asManyDialsWaitAsMay() {
        for (int i = 0; i < HeldDials.MOST; i++) {
            gate.connect(1, MINUTE, new IgnoringHandler());
        }
        IgnoringHandler beyond = new IgnoringHandler();
        gate.connect(1, MINUTE, beyond);
        assertThat(beyond.reset).hasMessageContaining("1024 dials");
    }

    @Test
    void theGuestsRequestsWaitForTheirAnswer() {
        List<IncomingRequest> asked = new ArrayList<>();
        List<IncomingRequest> gone = new ArrayList<>();
        gate.listen(PORT, 3, new Acceptor() {
            @Override
            public void onRequest(IncomingRequest request) {
                asked.add(request);
            }

            @Override
            public void onRequestGone(IncomingRequest request) {
                gone.add(request);
            }
        });
        assertThat(guest.isBound(PORT)).isTrue();
        FakeVsockHost.Request first = guest.request(PORT);
        FakeVsockHost.Request second = guest.request(PORT);
        FakeVsockHost.Request third = guest.request(PORT);
        guest.request(PORT).awaitRejected();
        second.goAway();
        assertThat(asked).isEmpty();
        gate.open();
        assertThat(asked).containsExactly(first, third);
        assertThat(gone).isEmpty();
        third.goAway();
        assertThat(gone).containsExactly(third);
        FakeVsockHost.Request later = guest.request(PORT);
        assertThat(asked).containsExactly(first, third, later);
    }

    @Test
    void theEndOfTheVmResetsWhatWaitsAndAllThatComes() {
        IgnoringHandler waiting = new IgnoringHandler();
        IgnoringHandler late = new IgnoringHandler();
        gate.connect(1, MINUTE, waiting);
        gate.close();
        assertThat(waiting.reset).hasMessageContaining("before its guest was restored");
        gate.open();
        gate.connect(1, MINUTE, late);
        assertThat(late.reset).hasMessageContaining("has ended");
        assertThat(guest.hasDial()).isFalse();
    }
}
