package vmette.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import vmette.config.VmSpec;
import vmette.errors.VsockException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.HostFrames;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.RootMode;
import vmette.machine.Machine;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/** Machines of the test kit with booted guests and nobody to supervise them: what their heap is of that of supervised ones. */
public final class BareMachines implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final KitTime time = new RealTime();
    private final Scripts scripts = new Scripts();
    private final List<Machine> machines = new ArrayList<>();

    private BareMachines() {}

    /** Makes so many and waits until their agents are ready. */
    public static BareMachines boot(int count, VmSpec spec) throws InterruptedException {
        BareMachines made = new BareMachines();
        CountDownLatch ready = new CountDownLatch(count);
        FakeMachines factory =
                new FakeMachines(made.time, name -> new TestVm(name, made.time, made.scripts), () -> 0, event -> {});
        for (int i = 0; i < count; i++) {
            Machine machine = factory.begin(spec, "bare-" + i, vsock -> {})
                    .toCompletableFuture()
                    .join();
            made.machines.add(machine);
            machine.vsock().connect(GuestProtocol.PORT, PATIENCE, new Boot(ready));
        }
        ready.await();
        return made;
    }

    @Override
    public void close() {
        machines.forEach(Machine::close);
        time.close();
    }

    private static final class Boot implements VsockChannelHandler {
        private final CountDownLatch ready;
        private VsockChannel channel;

        Boot(CountDownLatch ready) {
            this.ready = ready;
        }

        @Override
        public void onOpen(VsockChannel open) {
            channel = open;
            send(Openings.control());
            send(HostFrames.encode(new HostFrame.Hello(GuestProtocol.VERSION)));
            send(HostFrames.encode(new HostFrame.Boot(RootMode.INITRAMFS, "bare", List.of())));
            // HELLO, then READY.
            channel.request(Integer.MAX_VALUE);
        }

        private void send(byte[] bytes) {
            channel.write(bytes, 0, bytes.length);
        }

        private boolean greeted;

        @Override
        public void onData(byte[] chunk) {
            if (greeted) {
                ready.countDown();
            }
            greeted = true;
            channel.request(Integer.MAX_VALUE);
        }

        @Override
        public void onWritable() {}

        @Override
        public void onEnd() {}

        @Override
        public void onOutputRefused() {}

        @Override
        public void onClosed() {}

        @Override
        public void onReset(VsockException cause) {}
    }
}
