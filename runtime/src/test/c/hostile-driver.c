/*
 * PID 1 of a hostile guest, for the tests: drives the virtio-vsock device itself and breaks its rules. HOSTILE=NAME in the
 * environment (the kernel's command line puts it there) says which attack. What the guest sees of it goes to the console:
 * "ok NAME", or "FAIL NAME: why". In a guest with another PID 1 the name is the argument, and the device is taken from its
 * driver first.
 */
#include "vsock-driver.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>

/* ---- attacks that the device outlives */

static void headers_too_short(void) {
    static const uint8_t nothing[HEADER];
    for (int length = 0; length < HEADER; length++) {
        send_bytes(nothing, length);
    }
    expect_silence("an answer to less than a header");
}

static void write_only(void) {
    struct ring *r = &rings[TX];
    for (int i = 0; i < 100; i++) {
        int slot = r->offered % r->size;
        while (outstanding(TX) >= r->size) {
        }
        set_desc(TX, slot, r->buffer_physical[slot], PAGE, F_WRITE, 0);
        offer(TX, slot);
    }
    kick(TX);
    struct used_element e;
    double until = now() + PATIENCE;
    while (outstanding(TX) > 0 && now() < until) {
    }
    while (reap(TX, &e)) {
        expect(e.written == 0, "bytes written into a TX chain");
    }
}

static void lengths_that_lie(void) {
    static const uint32_t lengths[] = {1, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffffd4};
    struct header answer;
    for (unsigned i = 0; i < 6; i++) {
        open_connection(100 + i, SINK_PORT);
        send_header(header_of(100 + i, SINK_PORT, RW, lengths[i]));
        expect(await(RST, 100 + i, &answer), "no RST for a length that lies");
        send_header(header_of(200 + i, SINK_PORT, REQUEST, lengths[i]));
        expect(await(RST, 200 + i, &answer), "no RST for a request that lies");
    }
}

static void wrong_cids(void) {
    static const uint64_t cids[] = {0, 1, 2, 4, 0xffffffff, 0x100000003ull, ~0ull};
    for (unsigned i = 0; i < 7; i++) {
        struct header h = header_of(300 + i, 20, RW, 0);
        h.src_cid = cids[i];
        send_header(h);
        h = header_of(300 + i, 20, RW, 0);
        h.dst_cid = cids[i] == 2 ? 3 : cids[i];
        send_header(h);
    }
    expect_silence("an answer to a stranger");
}

static void unknown_ops_and_types(void) {
    static const uint16_t values[] = {0, 8, 9, 255, 256, 0x7fff, 0x8000, 0xffff};
    struct header answer;
    for (unsigned i = 0; i < 8; i++) {
        send_packet(400 + i, 20, values[i]);
        expect(await(RST, 400 + i, &answer), "no RST for an unknown op");
        struct header h = header_of(500 + i, 20, REQUEST, 0);
        h.type = values[i] == 0 ? 3 : values[i];
        send_header(h);
        expect(await(RST, 500 + i, &answer) && answer.type == h.type, "no RST of its type for an unknown type");
        open_connection(600 + i, SINK_PORT);
        send_packet(600 + i, SINK_PORT, values[i]);
        expect(await(RST, 600 + i, &answer), "no RST for an unknown op on a connection");
    }
}

static void flood_of_requests(void) {
    struct header h;
    int answered = 0;
    int sent = 0;
    while (sent < 20000) {
        send_packet(1000 + sent, 6000 + sent % 50, REQUEST);
        sent++;
        while (receive(&h, 0)) {
            answered += h.op == RST;
        }
    }
    while (answered < sent && receive(&h, PATIENCE)) {
        answered += h.op == RST;
    }
    expect(answered == sent, "not every request had its RST");
}

static void flood_of_a_listener(void) {
    /* Nobody accepts there: a backlog's worth waits, the rest is refused at once and those in time. */
    struct header h;
    int refused = 0;
    int accepted = 0;
    for (int i = 0; i < 2000; i++) {
        send_packet(50000 + i, SILENT_PORT, REQUEST);
        while (receive(&h, 0)) {
            refused += h.op == RST;
            accepted += h.op == RESPONSE;
        }
    }
    while (refused + accepted < 2000 && receive(&h, PATIENCE)) {
        refused += h.op == RST;
        accepted += h.op == RESPONSE;
    }
    expect(refused == 2000 && accepted == 0, "requests that nobody accepts are not refused");
}

static void credit_cheat(uint32_t port, uint32_t size) {
    struct header h;
    open_connection(port, SINK_PORT);
    uint32_t sent = 0;
    while (sent < 4 << 20) {
        send_data(port, SINK_PORT, size);
        sent += size;
        if (sent / size % 16 == 0) {
            kick(TX);
        }
        if (receive(&h, 0) && h.op == RST && h.dst_port == port) {
            expect(sent > 16 << 10, "RST before the credit was used up");
            expect(sent < 2 << 20, "more was taken than the credit");
            return;
        }
    }
    kick(TX);
    expect(await(RST, port, &h), "no RST for more than the credit");
}

static void credit_nonsense(void) {
    static const uint32_t counts[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    for (unsigned a = 0; a < 5; a++) {
        for (unsigned f = 0; f < 5; f++) {
            uint32_t port = 2000 + 5 * a + f;
            open_connection(port, ECHO_PORT);
            send_data(port, ECHO_PORT, 100);
            struct header update = header_of(port, ECHO_PORT, CREDIT_UPDATE, 0);
            update.buf_alloc = counts[a];
            update.fwd_cnt = counts[f];
            send_header(update);
            send_packet(port, ECHO_PORT, CREDIT_REQUEST);
            send_packet(port, ECHO_PORT, RST);
        }
    }
    drain();
}

/* Sends what wants an answer, if there is room for it; says how many the device has taken so far. */
static int send_unanswered(int *sent) {
    if (outstanding(TX) < rings[TX].size) {
        send_packet(3000 + *sent, 20, RW);
        ++*sent;
    }
    return *sent - outstanding(TX);
}

static void no_rx_buffers(void) {
    /* The device was started anew: it has none. */
    int sent = 0;
    int taken = 0;
    for (double until = now() + PATIENCE; taken < 256 && now() < until;) {
        taken = send_unanswered(&sent);
    }
    expect(taken >= 256, "the TX ring was left alone too early");
    for (double until = now() + 1; now() < until;) {
        taken = send_unanswered(&sent);
    }
    expect(taken <= 512, "the TX ring was not left alone");
    give_rx();
    sentinel();
}

static void tiny_rx_buffers(void) {
    struct ring *r = &rings[RX];
    struct used_element e;
    for (int i = 0; i < r->size; i++) {
        set_desc(RX, i, r->buffer_physical[i], i % (HEADER + 1) == HEADER ? 1 : i % (HEADER + 1), i % 3 ? F_WRITE : 0, 0);
        offer(RX, i);
    }
    kick(RX);
    send_packet(4000, 20, RW);
    double until = now() + PATIENCE;
    while (outstanding(RX) > 0 && now() < until) {
    }
    while (reap(RX, &e)) {
        expect(e.written == 0, "a packet in a buffer that cannot hold one");
    }
    give_rx();
    sentinel();
}

static void same_head(void) {
    struct ring *r = &rings[TX];
    struct header h = header_of(5000, 20, RST, 0);
    memcpy(r->buffer[0], &h, HEADER);
    set_desc(TX, 0, r->buffer_physical[0], HEADER, 0, 0);
    for (int i = 0; i < 1000; i++) {
        while (outstanding(TX) >= r->size) {
        }
        offer(TX, 0);
        kick(TX);
    }
}

static void changing_descriptors(void) {
    /* The header and its descriptor change while the device reads them. */
    struct ring *r = &rings[TX];
    struct header h = header_of(5100, SINK_PORT, RW, 0);
    memcpy(r->buffer[0], &h, HEADER);
    volatile struct header *shared = (volatile void *)r->buffer[0];
    for (int i = 0; i < 20000; i++) {
        shared->len = i & 1 ? 0xffffffff : 16;
        r->desc[0].address = r->buffer_physical[0];
        r->desc[0].length = i & 2 ? HEADER : HEADER + 16;
        r->desc[0].flags = 0;
        if (outstanding(TX) < r->size) {
            offer(TX, 0);
            kick(TX);
        }
        shared->len = 0x80000000;
        shared->op = i % 9;
    }
}

static void kick_storm(void) {
    for (int i = 0; i < 20000; i++) {
        kick(i & 1);
    }
}

static void reset_storm(void) {
    for (int i = 0; i < 60; i++) {
        start_device(i % 3 == 0 ? 2 : RING, 0);
        if (i & 1) {
            send_packet(5200 + i, SINK_PORT, REQUEST);
            send_data(5200 + i, SINK_PORT, 1000);
        }
    }
    start_device(RING, 0);
    give_rx();
}

static void configuration(void) {
    uint64_t cid;
    for (int i = 0; i < 64; i++) {
        device_config[i % 8] = 0xff;
        (void)device_config[i];
    }
    memcpy(&cid, (const void *)device_config, 8);
    expect(cid == GUEST_CID, "the CID was changed");
    put16(QUEUE_SELECT, 0xffff);
    for (unsigned at = 0; at < 56; at += 4) {
        (void)*(volatile uint32_t *)(common + at);
    }
}

static void moved_rings(void) {
    /* QEMU takes note, the back-end goes on with what it was given. */
    put16(QUEUE_SELECT, TX);
    put64(QUEUE_ADDRESSES, ~0ull << 12);
    put16(QUEUE_ENABLE, 1);
    send_packet(5300, 20, RW);
    start_device(RING, 0);
    give_rx();
}

/* ---- attacks that end the device */

/* One descriptor in the TX ring, and what follows it, as no driver may have them. */
static void hostile_ring(const char *name) {
    struct ring *r = &rings[TX];
    uint64_t buffer = r->buffer_physical[0];
    struct desc *table = (struct desc *)r->buffer[1];
    uint64_t table_physical = r->buffer_physical[1];
    set_desc(TX, 0, buffer, HEADER, 0, 0);
    if (strcmp(name, "head-out-of-range") == 0) {
        offer(TX, RING);
    } else if (strcmp(name, "next-out-of-range") == 0) {
        set_desc(TX, 0, buffer, HEADER, F_NEXT, RING);
        offer(TX, 0);
    } else if (strcmp(name, "loop") == 0) {
        set_desc(TX, 0, buffer, 1, F_NEXT, 1);
        set_desc(TX, 1, buffer, 1, F_NEXT, 0);
        offer(TX, 0);
    } else if (strcmp(name, "nested-indirect") == 0) {
        table[0] = (struct desc){table_physical, 32, F_INDIRECT, 0};
        set_desc(TX, 0, table_physical, 32, F_INDIRECT, 0);
        offer(TX, 0);
    } else if (strcmp(name, "indirect-length") == 0) {
        set_desc(TX, 0, table_physical, 17, F_INDIRECT, 0);
        offer(TX, 0);
    } else if (strcmp(name, "indirect-loop") == 0) {
        table[0] = (struct desc){buffer, 1, F_NEXT, 0};
        set_desc(TX, 0, table_physical, 16, F_INDIRECT, 0);
        offer(TX, 0);
    } else if (strcmp(name, "beyond-memory") == 0) {
        set_desc(TX, 0, 1ull << 52, HEADER, 0, 0);
        offer(TX, 0);
    } else if (strcmp(name, "length-overflow") == 0) {
        set_desc(TX, 0, buffer, 0xffffffff, 0, 0);
        offer(TX, 0);
    } else if (strcmp(name, "address-overflow") == 0) {
        set_desc(TX, 0, ~0ull - 10, HEADER, 0, 0);
        offer(TX, 0);
    } else if (strcmp(name, "readable-after-writable") == 0) {
        set_desc(TX, 0, buffer, HEADER, F_NEXT | F_WRITE, 1);
        set_desc(TX, 1, buffer, HEADER, 0, 0);
        offer(TX, 0);
    } else if (strcmp(name, "available-jump") == 0) {
        r->avail[1] = RING + 1;
    } else if (strcmp(name, "ring-zeroed") == 0) {
        for (int i = 0; i < 200; i++) {
            send_packet(6000, 20, RST);
        }
        while (outstanding(TX) > 0) {
        }
        memset((void *)r->desc, 0, PAGE);
    } else if (strcmp(name, "rx-over-its-ring") == 0) {
        /* The device writes its packets over the available ring of the other queue, and then reads that. */
        for (int i = 0; i < RING; i++) {
            set_desc(RX, i, r->physical + AVAIL_AT, PAGE - AVAIL_AT, F_WRITE, 0);
            offer(RX, i);
        }
        kick(RX);
        for (int i = 0; i < 50; i++) {
            send_packet(0xffffffff, 0xffffffff, RW);
        }
    } else if (strcmp(name, "misplaced-ring") == 0) {
        start_device(RING, 2);
    } else if (strcmp(name, "ring-outside-memory") == 0) {
        start_device(RING, (int64_t)1 << 45);
    } else {
        die("find that attack");
    }
    kick(TX);
    say("done %s", name);
    /* It may look before or after what was done, but it has to see it when it looks again. */
    for (int i = 0; i < 10 * PATIENCE; i++) {
        usleep(100000);
        kick(TX);
    }
    say("FAIL %s: the device lives", name);
}

static void one_byte_packets(void) {
    credit_cheat(700, 1);
}

static void more_than_the_credit(void) {
    credit_cheat(701, PAYLOAD);
}

static const struct {
    const char *name;
    void (*run)(void);
    int without_rx;
} outlived[] = {
    {"short-headers", headers_too_short, 0},
    {"write-only", write_only, 0},
    {"lying-lengths", lengths_that_lie, 0},
    {"wrong-cids", wrong_cids, 0},
    {"unknown-ops", unknown_ops_and_types, 0},
    {"request-flood", flood_of_requests, 0},
    {"listener-flood", flood_of_a_listener, 0},
    {"credit-cheat", more_than_the_credit, 0},
    {"one-byte-packets", one_byte_packets, 0},
    {"credit-nonsense", credit_nonsense, 0},
    {"no-rx-buffers", no_rx_buffers, 1},
    {"tiny-rx-buffers", tiny_rx_buffers, 1},
    {"same-head", same_head, 0},
    {"changing-descriptors", changing_descriptors, 0},
    {"kick-storm", kick_storm, 0},
    {"reset-storm", reset_storm, 0},
    {"configuration", configuration, 0},
    {"moved-rings", moved_rings, 0},
};

/* All of them one after the other, or one; says how many there were. */
static int run_outlived(const char *which) {
    int count = 0;
    for (unsigned i = 0; i < sizeof outlived / sizeof *outlived; i++) {
        attack_name = outlived[i].name;
        if (strcmp(which, "outlived") != 0 && strcmp(which, attack_name) != 0) {
            continue;
        }
        count++;
        int before = failures;
        rx_given = 0;
        start_device(RING, 0);
        if (!outlived[i].without_rx) {
            give_rx();
        }
        double began = now();
        outlived[i].run();
        sentinel();
        if (failures == before) {
            say("ok %s %d ms", attack_name, (int)((now() - began) * 1000));
        }
    }
    return count;
}

int main(int argc, char **argv) {
    const char *hostile = argc == 2 ? argv[1] : getenv("HOSTILE");
    if (getpid() == 1) {
        mkdir("/proc", 0755);
        mkdir("/sys", 0755);
        mount("proc", "/proc", "proc", 0, "");
        mount("sysfs", "/sys", "sysfs", 0, "");
    }
    find_device();
    if (run_outlived(hostile ? hostile : "none") == 0) {
        start_device(RING, 0);
        hostile_ring(hostile ? hostile : "none");
    }
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return failures != 0;
}
