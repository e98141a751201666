package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.errors.VsockException;
import vmette.vsock.MuxerHarness.Sent;

/** Messages keep their boundaries; all else is as with streams. */
class SeqpacketTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final int NOT_LAST = 0;
    private static final int LAST = VsockHeader.MESSAGE_END;
    private static final int LAST_OF_RECORD = VsockHeader.MESSAGE_END | 2;

    private final MuxerHarness harness = new MuxerHarness();

    private void send(VsockOp op, int flags, byte[] payload, int bufAlloc, int fwdCnt) {
        harness.send(
                new VsockHeader(
                        MuxerHarness.GUEST_CID,
                        VsockHost.HOST_CID,
                        GUEST,
                        HOST,
                        payload.length,
                        VsockType.SEQPACKET.wire(),
                        op.wire(),
                        flags,
                        bufAlloc,
                        fwdCnt),
                payload);
    }

    private void data(int flags, int length) {
        send(VsockOp.RW, flags, MuxerHarness.bytes(length, length), 1 << 20, 0);
    }

    private RecordingHandler accepted(RecordingHandler handler) {
        try (VsockHost.Listener listener =
                harness.host.listen(VsockType.SEQPACKET, HOST, 1, request -> request.accept(handler))) {
            send(VsockOp.REQUEST, 0, new byte[0], 1 << 20, 0);
            assertThat(listener.port()).isEqualTo(HOST);
        }
        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.RESPONSE);
        assertThat(sent.get(0).header().type()).isEqualTo(VsockType.SEQPACKET.wire());
        return handler;
    }

    @Example
    void aMessageIsHandedOverWholeWhenItsLastFragmentIsThere() {
        RecordingHandler handler = accepted(RecordingHandler.demanding(1));
        data(NOT_LAST, 5000);
        data(NOT_LAST, 3);
        assertThat(handler.marks()).containsExactly("open");
        assertThat(handler.received.size()).isZero();
        data(LAST, 4000);
        data(LAST_OF_RECORD, 1);
        assertThat(handler.events).containsExactly("open", "data 9003", "data 1");
    }

    @Example
    void withoutDemandMessagesWaitAndEachTakesOneRequest() {
        RecordingHandler handler = accepted(new RecordingHandler());
        for (int length : new int[] {10, 300, 5}) {
            data(LAST, length);
        }
        data(NOT_LAST, 7);
        for (int i = 0; i < 4; i++) {
            handler.channel.request(1);
        }
        assertThat(handler.events).containsExactly("open", "data 10", "data 300", "data 5");
        send(VsockOp.SHUTDOWN, VsockHeader.SHUTDOWN_SEND, new byte[0], 1 << 20, 0);
        assertThat(handler.events).as("what was not finished is no message").endsWith("data 5", "end");
    }

    @Example
    void theGuestIsToldOfAllItsCreditOnceNothingWaits() {
        // it waits for room for the whole of its next message, and asks for nothing
        RecordingHandler handler = accepted(RecordingHandler.demanding(1));
        data(LAST, 1000);
        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.CREDIT_UPDATE);
        assertThat(sent.get(0).header().fwdCnt()).isEqualTo(1000);
        assertThat(handler.received.size()).isEqualTo(1000);
    }

    @Example
    void emptyMessagesAreMessagesButNoMeansToFillMemory() {
        List<byte[]> chunks = new ArrayList<>();
        RecordingHandler handler = accepted(new RecordingHandler() {
            @Override
            public void onData(byte[] chunk) {
                chunks.add(chunk);
            }
        });
        data(LAST, 0);
        data(LAST, 2);
        data(LAST, 0);
        for (int i = 0; i < 3; i++) {
            handler.channel.request(1);
        }
        assertThat(chunks).extracting(chunk -> chunk.length).containsExactly(0, 2, 0);
        int sent = 0;
        while (handler.marks().size() == 1) {
            data(LAST, 0);
            assertThat(sent++).isLessThan(harness.limits.bufAlloc());
        }
        assertThat(handler.marks()).containsExactly("open", "reset");
        assertThat(harness.charge()).isZero();
    }

    @Example
    void writesAreMessagesCutToFitTheBuffersAndNeverJoined() {
        RecordingHandler handler = accepted(new RecordingHandler());
        byte[] data = MuxerHarness.bytes(5000, 1);
        handler.channel.write(data, 0, 10);
        handler.channel.write(data, 10, 20);
        handler.channel.write(data, 0, 5000);
        handler.channel.write(data, 0, 4096);
        assertThat(harness.drain())
                .extracting(
                        packet -> packet.header().len() + " " + packet.header().flags())
                .containsExactly("10 1", "20 1", "4096 0", "904 1", "4096 1");
    }

    @Example
    void aMessageTheGuestCouldNeverReadResetsTheConnection() {
        RecordingHandler handler = accepted(new RecordingHandler());
        send(VsockOp.CREDIT_UPDATE, 0, new byte[0], 5000, 0);
        handler.channel.write(new byte[5000], 0, 5000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(5000);
        handler.channel.write(new byte[5001], 0, 5001);
        assertThat(handler.marks()).containsExactly("open", "reset");
        handler.channel.write(new byte[5001], 0, 5001);
        assertThat(handler.cause).hasMessageContaining("a message of 5001 bytes is larger than the guest's buffer");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(harness.muxer.writes().queued()).isZero();
    }

    @Example
    void aPortIsListenedOnForOneType() {
        harness.host.listen(HOST, 1, request -> request.accept(new RecordingHandler()));
        assertThatThrownBy(() -> harness.host.listen(VsockType.SEQPACKET, HOST, 1, request -> {}))
                .isInstanceOf(VsockException.class);
        send(VsockOp.REQUEST, 0, new byte[0], 1, 0);
        assertThat(harness.drain())
                .extracting(sent -> sent.op() + " " + sent.header().type())
                .containsExactly("RST 2");
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(VsockType.SEQPACKET, GUEST, Duration.ofSeconds(1), handler);
        VsockHeader request = harness.drain().get(0).header();
        assertThat(request.type()).isEqualTo(VsockType.SEQPACKET.wire());
        harness.send(VsockOp.RESPONSE, GUEST, request.srcPort());
        assertThat(handler.events).as("an answer of the other type is none").isEmpty();
    }

    /** Any messages, any cuts, any demand: whole, in order, within the memory; and the same the other way. */
    @Property(tries = 100)
    void messagesArriveWholeAndInOrder(
            @ForAll long seed, @ForAll @IntRange(min = 16, max = 64) int kib, @ForAll boolean tiny) {
        Random random = new Random(seed);
        MuxerHarness own = new MuxerHarness(MuxerHarness.limits(kib * 1024, new VsockBudget(1 << 30)), 0);
        List<byte[]> delivered = new ArrayList<>();
        RecordingHandler handler = new RecordingHandler() {
            @Override
            public void onData(byte[] chunk) {
                delivered.add(chunk);
            }
        };
        own.host.listen(VsockType.SEQPACKET, HOST, 1, request -> request.accept(handler));
        Guest guest = new Guest(own);
        guest.send(VsockOp.REQUEST, 0, new byte[0]);
        guest.take();
        List<byte[]> fromGuest = new ArrayList<>();
        List<byte[]> fromHost = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int most = tiny ? 3 : guest.bufAlloc;
            byte[] message = MuxerHarness.bytes(random.nextInt(most), i);
            if (guest.credit() >= message.length && message.length > 0) {
                fromGuest.add(message);
                for (int at = 0; at < message.length; ) {
                    int count = Math.min(message.length - at, 1 + random.nextInt(tiny ? 2 : 9000));
                    byte[] part = java.util.Arrays.copyOfRange(message, at, at + count);
                    at += count;
                    guest.send(VsockOp.RW, at == message.length ? LAST : NOT_LAST, part);
                }
            }
            if (random.nextInt(3) > 0) {
                handler.channel.request(1 + random.nextInt(10));
            }
            if (random.nextInt(3) == 0) {
                byte[] answer = MuxerHarness.bytes(1 + random.nextInt(Guest.BUF_ALLOC / 2), i);
                fromHost.add(answer);
                handler.channel.write(answer, 0, answer.length);
            }
            assertThat(own.charge()).isLessThanOrEqualTo(kib * 1024);
            guest.take();
        }
        while (delivered.size() < fromGuest.size()) {
            int before = delivered.size();
            handler.channel.request(1);
            assertThat(delivered).hasSizeGreaterThan(before);
        }
        guest.take();
        assertThat(delivered).usingElementComparator(java.util.Arrays::compare).isEqualTo(fromGuest);
        assertThat(guest.messages)
                .usingElementComparator(java.util.Arrays::compare)
                .isEqualTo(fromHost);
        assertThat(guest.credit()).as("nothing of the credit is lost").isEqualTo(guest.bufAlloc);
        assertThat(handler.marks()).doesNotContain("reset");
    }

    /** A guest that reads whole messages at once. */
    private static final class Guest {
        private static final int BUF_ALLOC = 50_000;

        private final MuxerHarness harness;
        private final List<byte[]> messages = new ArrayList<>();
        private final java.io.ByteArrayOutputStream begun = new java.io.ByteArrayOutputStream();
        private int sent;
        private int read;
        private int bufAlloc;
        private int fwdCnt;

        private Guest(MuxerHarness harness) {
            this.harness = harness;
        }

        private int credit() {
            return bufAlloc - (sent - fwdCnt);
        }

        private void send(VsockOp op, int flags, byte[] payload) {
            sent += payload.length;
            harness.send(
                    new VsockHeader(3, 2, GUEST, HOST, payload.length, 2, op.wire(), flags, BUF_ALLOC, read), payload);
        }

        private void take() {
            for (Sent packet = harness.poll(4096); packet != null; packet = harness.poll(4096)) {
                bufAlloc = packet.header().bufAlloc();
                fwdCnt = packet.header().fwdCnt();
                if (packet.op() == VsockOp.RW) {
                    begun.writeBytes(packet.payload());
                    if ((packet.header().flags() & LAST) != 0) {
                        messages.add(begun.toByteArray());
                        read += begun.size();
                        begun.reset();
                        send(VsockOp.CREDIT_UPDATE, 0, new byte[0]);
                    }
                } else if (packet.op() == VsockOp.CREDIT_REQUEST) {
                    send(VsockOp.CREDIT_UPDATE, 0, new byte[0]);
                }
            }
        }
    }

    /** The ring of lengths, against a list. */
    @Property(tries = 200)
    void lengthsComeOutAsTheyWentIn(@ForAll long seed) {
        Random random = new Random(seed);
        LengthQueue queue = new LengthQueue(500);
        java.util.ArrayDeque<Integer> model = new java.util.ArrayDeque<>();
        for (int i = 0; i < 1000; i++) {
            if (random.nextBoolean()) {
                int length = random.nextInt() >>> (1 + random.nextInt(31));
                if (queue.add(length)) {
                    model.add(length);
                } else {
                    assertThat(model).hasSizeGreaterThanOrEqualTo(99);
                }
            } else if (!model.isEmpty()) {
                assertThat(queue.remove()).isEqualTo(model.remove());
            }
            assertThat(queue.isEmpty()).isEqualTo(model.isEmpty());
            assertThat(queue.charge()).isLessThanOrEqualTo(500);
        }
    }
}
