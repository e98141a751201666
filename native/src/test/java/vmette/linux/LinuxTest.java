package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxTest {
    @TempDir
    Path directory;

    private Set<String> before;

    @BeforeEach
    void remember() {
        before = OpenFds.ours();
    }

    @AfterEach
    void nothingLeaks() {
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    @Test
    void anExceptionSaysCallAndErrno() {
        assertThatThrownBy(() -> UnixSocket.connect(directory.resolve("none")))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("connect " + directory)
                .hasMessageContaining("no such file or directory (ENOENT)")
                .satisfies(e -> assertThat(((LinuxException) e).errno()).isEqualTo(Errno.ENOENT));
        assertThat(Errno.strerror(Errno.EAGAIN)).isEqualTo("resource temporarily unavailable");
        assertThat(Errno.name(9999)).isEqualTo("errno 9999");
    }

    @Test
    void aDescriptorIsClosedOnceAndNotUsedAfter() {
        OwnedFd fd = MemFd.create("once", 0);
        int number = fd.fd();
        fd.close();
        OwnedFd successor = MemFd.create("successor", 0);
        assertThat(successor.fd()).isEqualTo(number);
        fd.close();
        assertThat(Path.of("/proc/self/fd/" + number)).matches(Files::isSymbolicLink);
        assertThatThrownBy(fd::fd).isInstanceOf(IllegalStateException.class);
        successor.close();
    }

    @Test
    void eventFdCountsAndDrains() {
        try (EventFd event = EventFd.create()) {
            assertThat(event.drain()).isZero();
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void whatIsNoEventFdIsRefusedAndClosed() {
        OwnedFd file = MemFd.create("not-an-eventfd", 8);
        assertThatThrownBy(() -> EventFd.wrap(file)).hasMessageContaining("memfd:not-an-eventfd");
        assertThat(file.isClosed()).isTrue();
    }

    @Test
    void epollReportsTokensUntilRemoved() {
        try (Epoll epoll = new Epoll(8);
                EventFd one = EventFd.create();
                EventFd two = EventFd.create()) {
            epoll.add(one.fd(), Epoll.IN, 0x1234_5678_9abc_def0L);
            epoll.add(two.fd(), Epoll.IN, -1);
            assertThat(epoll.await(Duration.ZERO)).isZero();
            one.signal();
            two.signal();
            assertThat(epoll.await(Duration.ofSeconds(20))).isEqualTo(2);
            assertThat(List.of(epoll.token(0), epoll.token(1)))
                    .containsExactlyInAnyOrder(0x1234_5678_9abc_def0L, -1L);
            assertThat(epoll.events(0)).isEqualTo(Epoll.IN);
            epoll.remove(two.fd());
            epoll.modify(one.fd(), Epoll.IN | Epoll.OUT, 7);
            assertThat(epoll.await(Duration.ofSeconds(20))).isEqualTo(1);
            assertThat(epoll.token(0)).isEqualTo(7);
            assertThat(epoll.events(0)).isEqualTo(Epoll.IN | Epoll.OUT);
        }
    }

    @Test
    void epollWaitsAtLeastItsTimeout() {
        try (Epoll epoll = new Epoll(1)) {
            long start = System.nanoTime();
            assertThat(epoll.await(Duration.ofMillis(20))).isZero();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(Duration.ofMillis(20).toNanos());
        }
    }

    @Test
    void socketCarriesBytesAndDescriptors() throws IOException {
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path, 1)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(listener.accept()).isEmpty();
            try (UnixSocket client = UnixSocket.connect(path);
                    UnixSocket server = listener.accept().orElseThrow();
                    EventFd event = EventFd.create()) {
                PeerCredentials peer = server.peerCredentials();
                assertThat(peer.pid()).isEqualTo((int) ProcessHandle.current().pid());
                assertThat(peer.uid()).isEqualTo(UnixSocket.ownUid());
                List<OwnedFd> fds = new ArrayList<>();
                ByteBuffer target = ByteBuffer.allocate(64);
                assertThat(server.receive(target, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);

                int[] sixteen = IntStream.generate(event::fd).limit(16).toArray();
                assertThat(client.send(bytes("hello"), sixteen)).isEqualTo(5);
                assertThat(server.receive(target, fds)).isEqualTo(5);
                assertThat(new String(target.array(), 0, 5, StandardCharsets.UTF_8)).isEqualTo("hello");
                assertThat(fds).hasSize(16);
                try (EventFd same = EventFd.wrap(fds.remove(15))) {
                    same.signal();
                    assertThat(event.drain()).isEqualTo(1);
                }
                fds.forEach(OwnedFd::close);

            }
        }
    }

    @Test
    void aPeerThatWentIsEndOfFileAndEpipe() {
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path, 1)) {
            UnixSocket client = UnixSocket.connect(path);
            try (UnixSocket server = listener.accept().orElseThrow()) {
                client.close();
                assertThat(server.receive(ByteBuffer.allocate(8), new ArrayList<>()))
                        .isZero();
                assertThatThrownBy(() -> server.send(bytes("x")))
                        .satisfies(e -> assertThat(((LinuxException) e).errno()).isEqualTo(Errno.EPIPE));
            }
        }
    }

    @Test
    void moreDescriptorsThanWantedAreAnErrorAndClosed() {
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path, 1);
                UnixSocket client = UnixSocket.connect(path);
                UnixSocket server = listener.accept().orElseThrow()) {
            sendWithDescriptors(client, 40);
            List<OwnedFd> fds = new ArrayList<>();
            assertThatThrownBy(() -> server.receive(ByteBuffer.allocate(8), fds))
                    .satisfies(e -> assertThat(((LinuxException) e).errno()).isEqualTo(Errno.EMSGSIZE));
            assertThat(fds).isEmpty();
        }
    }

    /** One byte and the socket's own descriptor many times over, which {@link UnixSocket#send} would refuse. */
    private static void sendWithDescriptors(UnixSocket socket, int count) {
        int control = 16 + 4 * count;
        NativeBuffer m = new NativeBuffer(56 + 16 + control + 1);
        m.bytes.putLong(16, m.address + 56).putLong(24, 1);
        m.bytes.putLong(32, m.address + 72).putLong(40, control);
        m.bytes.putLong(56, m.address + 72 + control).putLong(64, 1);
        m.bytes.putLong(72, control).putInt(80, 1).putInt(84, 1);
        for (int i = 0; i < count; i++) {
            m.bytes.putInt(88 + 4 * i, socket.fd());
        }
        assertThat(m.during(address -> (int) LibC.sendmsg(socket.fd(), address, 0)))
                .isEqualTo(1);
    }

    @Test
    void aFullSocketWouldBlock() {
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path, 1);
                UnixSocket client = UnixSocket.connect(path)) {
            assertThat(listener.fd()).isNotEqualTo(client.fd());
            ByteBuffer block = ByteBuffer.allocate(4096);
            int sent = 0;
            while (client.send(block.clear()) != UnixSocket.WOULD_BLOCK) {
                assertThat(++sent).isLessThan(100_000);
            }
            assertThat(sent).isPositive();
            assertThat(block.remaining()).isEqualTo(4096);
        }
    }

    @Test
    void longPathsAreRefused() {
        Path path = directory.resolve("x".repeat(120));
        assertThatThrownBy(() -> UnixSocket.listen(path, 1)).hasMessageContaining("ENAMETOOLONG");
    }

    @Test
    void mappingsShareTheFile() {
        try (OwnedFd file = MemFd.create("shared", 3 * 4096);
                SharedMapping one = SharedMapping.map(file, 4096, 4096);
                SharedMapping two = SharedMapping.map(file, 4097, 4095)) {
            MemFd.sealSize(file);
            one.windows().get(0).putLong(1, 0x0102030405060708L);
            assertThat(two.windows().get(0).getLong(0)).isEqualTo(0x0102030405060708L);
            assertThat(two.windows().get(0).capacity()).isEqualTo(4095);
        }
    }

    @Test
    void mappingsBeyondTheFileAreRefused() {
        try (OwnedFd file = MemFd.create("short", 4096)) {
            assertThatThrownBy(() -> SharedMapping.map(file, 0, 4097)).hasMessageContaining("a file of 4096");
        }
    }

    @Test
    void largeMappingsHaveOverlappingWindows() {
        long size = 2 * SharedMapping.STRIDE + 4096;
        try (OwnedFd file = MemFd.create("large", size);
                SharedMapping mapping = SharedMapping.map(file, 0, size)) {
            assertThat(mapping.windows()).hasSize(3);
            mapping.windows().get(0).putInt((int) SharedMapping.STRIDE, 42);
            assertThat(mapping.windows().get(1).getInt(0)).isEqualTo(42);
            assertThat(mapping.windows().get(2).capacity()).isEqualTo(4096);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
