package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.VsockException;
import vmette.stream.CountingHost;
import vmette.stream.FakeVsockHost;
import vmette.testkit.FakeVm;
import vmette.vsock.VsockCounts;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockHost.Listener;
import vmette.vsock.VsockType;

class VmVsockTest {
    private static final int PORT = 6000;
    private static final VsockHost.Acceptor NOBODY = VsockHost.IncomingRequest::reject;

    private final VmVsock vsock = new VmVsock("a");
    private final FakeVsockHost first = new FakeVsockHost();
    private final FakeVsockHost second = new FakeVsockHost();

    @Test
    void whatIsListenedOnOutlivesIncarnations() {
        vsock.listen(PORT, 1, NOBODY);
        assertThat(vsock.isBound(PORT)).isTrue();
        vsock.attach(first);
        assertThat(first.isBound(PORT)).isTrue();
        vsock.listen(PORT + 1, 1, NOBODY);
        assertThat(first.isBound(PORT + 1)).isTrue();
        vsock.detach();
        vsock.listen(PORT + 2, 1, NOBODY);
        vsock.attach(second);
        assertThat(second.isBound(PORT)).isTrue();
        assertThat(second.isBound(PORT + 1)).isTrue();
        assertThat(second.isBound(PORT + 2)).isTrue();
    }

    @Test
    void aPortKeepsItsTypeInEveryIncarnation() {
        vsock.listen(VsockType.SEQPACKET, PORT, 1, request -> request.accept(new IgnoringHandler()));
        vsock.listen(PORT + 1, 1, request -> request.accept(new IgnoringHandler()));
        for (int incarnation = 0; incarnation < 2; incarnation++) {
            try (FakeVm vm = FakeVm.start()) {
                vsock.attach(vm.host());
                vm.guest().dial(1, PORT);
                vm.guest().dial(1, PORT + 1);
                vm.run();
                assertThat(vm.guest().isGone(1, PORT)).as("a stream").isTrue();
                assertThat(vm.guest().isOpen(1, PORT + 1)).isTrue();
                vsock.detach();
            }
        }
    }

    @Test
    void countsGoOnOverIncarnations() {
        CountingHost host = new CountingHost(new VsockCounts(2, 10, 100));
        assertThat(vsock.counts()).isEqualTo(VsockCounts.NONE);
        vsock.attach(host);
        assertThat(vsock.counts()).isEqualTo(new VsockCounts(2, 10, 100));
        vsock.detach();
        vsock.detach();
        assertThat(vsock.counts()).isEqualTo(new VsockCounts(0, 10, 100));
        host.count(new VsockCounts(1, 3, 4));
        vsock.attach(host);
        assertThat(vsock.counts()).isEqualTo(new VsockCounts(1, 13, 104));
        vsock.end();
        assertThat(vsock.counts()).isEqualTo(new VsockCounts(0, 13, 104));
    }

    @Test
    void closingUnbindsForGood() {
        Listener listener = vsock.listen(PORT, 1, NOBODY);
        assertThat(listener.port()).isEqualTo(PORT);
        vsock.attach(first);
        listener.close();
        assertThat(first.isBound(PORT)).isFalse();
        vsock.detach();
        vsock.attach(second);
        assertThat(second.isBound(PORT)).isFalse();

        vsock.listen(PORT, 1, NOBODY);
        listener.close();
        assertThat(second.isBound(PORT)).isTrue();
    }

    @Test
    void aFreePortIsOneOfTenThousandAndTheSameInEveryIncarnation() {
        Listener listener = vsock.listen(0, 1, NOBODY);
        assertThat(listener.port()).isBetween(50_000, 59_999);
        vsock.attach(first);
        assertThat(first.isBound(listener.port())).isTrue();
        for (int i = 1; i < 10_000; i++) {
            vsock.listen(0, 1, NOBODY);
        }
        assertThatThrownBy(() -> vsock.listen(0, 1, NOBODY))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("50000");
    }

    @Test
    void aTakenPortIsRefused() {
        vsock.listen(PORT, 1, NOBODY);
        assertThatThrownBy(() -> vsock.listen(PORT, 1, NOBODY))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("6000");
    }

    @Test
    void aPortThatTheDeviceRefusesIsNotKept() {
        first.listen(PORT, 1, NOBODY);
        vsock.attach(first);
        assertThatThrownBy(() -> vsock.listen(PORT, 1, NOBODY)).isInstanceOf(VsockException.class);
        assertThat(vsock.isBound(PORT)).isFalse();
    }

    @Test
    void impossiblePortsAndBacklogsAreRefused() {
        assertThatThrownBy(() -> vsock.listen(-1, 1, NOBODY)).isInstanceOf(VsockException.class);
        assertThatThrownBy(() -> vsock.listen(PORT, 0, NOBODY))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("backlog");
    }

    @Test
    void dialsTheIncarnationThatIs() {
        IgnoringHandler handler = new IgnoringHandler();
        vsock.connect(PORT, Duration.ofSeconds(1), handler);
        assertThat(handler.reset).hasMessageContaining("not running");
        vsock.attach(first);
        vsock.connect(PORT, Duration.ofSeconds(7), handler);
        FakeVsockHost.Dial dial = first.nextDial();
        assertThat(dial.port()).isEqualTo(PORT);
        assertThat(dial.timeout()).isEqualTo(Duration.ofSeconds(7));
        vsock.detach();
        vsock.connect(PORT, Duration.ofSeconds(1), handler);
        assertThat(first.hasDial()).isFalse();
    }

    private final List<Integer> told = new ArrayList<>();

    private IgnoringHandler held(int port, Duration timeout) {
        IgnoringHandler handler = new IgnoringHandler();
        vsock.connect(port, timeout, handler);
        assertThat(told).last().isEqualTo(port);
        assertThat(handler.reset).isNull();
        return handler;
    }

    @Test
    void whatIsHeldGoesOnWithTheNextIncarnation() {
        vsock.attach(first);
        vsock.hold((port, timeout) -> told.add(port));
        long begun = vsock.begun();
        held(PORT, Duration.ofMinutes(1));
        held(PORT + 1, Duration.ofMinutes(1));
        assertThat(vsock.begun()).isEqualTo(begun);
        vsock.detach();
        held(PORT + 2, Duration.ofMinutes(1));
        assertThat(first.hasDial()).isFalse();
        vsock.attach(second);
        for (int i = 0; i < 3; i++) {
            assertThat(second.nextDial().port()).isEqualTo(PORT + i);
        }
        vsock.connect(PORT, Duration.ofSeconds(1), new IgnoringHandler());
        assertThat(second.nextDial().port()).isEqualTo(PORT);
        assertThat(told).hasSize(3);
        assertThat(vsock.begun()).isEqualTo(begun + 4);
    }

    @Test
    void whatIsHeldForARestoredGuestWaitsForItsGate() {
        vsock.hold((port, timeout) -> told.add(port));
        held(PORT, Duration.ofMinutes(1));
        vsock.attachShut(first);
        assertThat(first.hasDial()).isFalse();
        vsock.open();
        assertThat(first.nextDial().port()).isEqualTo(PORT);
    }

    @Test
    void whatIsReleasedGoesOnWithTheSameIncarnation() {
        vsock.attach(first);
        vsock.hold((port, timeout) -> told.add(port));
        held(PORT, Duration.ofMinutes(1));
        vsock.release();
        assertThat(first.nextDial().port()).isEqualTo(PORT);
        vsock.release();
        vsock.hold((port, timeout) -> told.add(port));
        IgnoringHandler none = held(PORT, Duration.ofMinutes(1));
        vsock.detach();
        vsock.release();
        assertThat(none.reset).hasMessageContaining("not running");
    }

    @Test
    void whatIsHeldIsBoundedInNumberAndTimeAndEndsWithTheVm() {
        vsock.hold((port, timeout) -> told.add(port));
        IgnoringHandler late = held(PORT, Duration.ZERO);
        vsock.refuseLate();
        assertThat(late.reset).hasMessageContaining("in time");
        IgnoringHandler one = held(PORT, Duration.ofMinutes(1));
        for (int i = 1; i < HeldDials.MOST; i++) {
            vsock.connect(PORT, Duration.ofMinutes(1), new IgnoringHandler());
        }
        IgnoringHandler beyond = new IgnoringHandler();
        vsock.connect(PORT, Duration.ofMinutes(1), beyond);
        assertThat(beyond.reset).hasMessageContaining("1024 dials wait");
        vsock.refuseLate();
        assertThat(one.reset).isNull();
        vsock.end();
        assertThat(one.reset).hasMessageContaining("has ended");
    }

    @Test
    void whatTheGuestBeginsIsCounted() {
        vsock.listen(PORT, 5, request -> {});
        vsock.attach(first);
        long begun = vsock.begun();
        first.request(PORT);
        assertThat(vsock.begun()).isEqualTo(begun + 1);
    }

    @Test
    void anEndedVmHasNoVsock() {
        vsock.attach(first);
        vsock.end();
        IgnoringHandler handler = new IgnoringHandler();
        vsock.connect(PORT, Duration.ofSeconds(1), handler);
        assertThat(handler.reset).hasMessageContaining("has ended");
        assertThatThrownBy(() -> vsock.listen(PORT, 1, NOBODY)).hasMessageContaining("has ended");
    }
}
