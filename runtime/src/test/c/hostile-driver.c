/*
 * PID 1 of a hostile guest, for the tests: drives the virtio-vsock device itself and breaks its rules. HOSTILE=NAME in the
 * environment (the kernel's command line puts it there) says which attack. What the guest sees of it goes to the console:
 * "ok NAME", or "FAIL NAME: why". In a guest with another PID 1 the name is the argument, and the device is taken from its
 * driver first.
 */
#include "virtio-pci.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>

enum { STREAM = 1, REQUEST = 1, RESPONSE = 2, RST = 3, SHUTDOWN = 4, RW = 5, CREDIT_UPDATE = 6, CREDIT_REQUEST = 7 };
enum { GUEST_CID = 3, HOST_CID = 2, AGENT_PORT = 1024, SILENT_PORT = 7001, SINK_PORT = 7002, ECHO_PORT = 7003 };
enum { PATIENCE = 60, HEADER = 44, PAYLOAD = PAGE - HEADER };

struct __attribute__((packed)) header {
    uint64_t src_cid;
    uint64_t dst_cid;
    uint32_t src_port;
    uint32_t dst_port;
    uint32_t len;
    uint16_t type;
    uint16_t op;
    uint32_t flags;
    uint32_t buf_alloc;
    uint32_t fwd_cnt;
};

static const char *attack_name;
static int failures;
static int rx_given;

static void expect(int condition, const char *what) {
    if (!condition) {
        say("FAIL %s: %s", attack_name, what);
        failures++;
    }
}

static struct header header_of(uint32_t guest_port, uint32_t host_port, uint16_t op, uint32_t len) {
    struct header h = {.src_cid = GUEST_CID,
                       .dst_cid = HOST_CID,
                       .src_port = guest_port,
                       .dst_port = host_port,
                       .len = len,
                       .type = STREAM,
                       .op = op,
                       .buf_alloc = 1 << 20};
    return h;
}

/* Sends bytes as one chain of one buffer, in the next descriptor; waits until the device is done with the one before. */
static void send_bytes(const void *bytes, uint32_t count) {
    struct ring *r = &rings[TX];
    struct used_element e;
    double until = now() + PATIENCE;
    while (outstanding(TX) >= r->size) {
        if (now() > until) {
            expect(0, "the device takes no packet");
            return;
        }
    }
    while (reap(TX, &e)) {
    }
    int slot = r->offered % r->size;
    memcpy(r->buffer[slot], bytes, count);
    set_desc(TX, slot, r->buffer_physical[slot], count, 0, 0);
    offer(TX, slot);
}

static void send_header(struct header h) {
    send_bytes(&h, HEADER);
    kick(TX);
}

static void send_packet(uint32_t guest_port, uint32_t host_port, uint16_t op) {
    send_header(header_of(guest_port, host_port, op, 0));
}

/* Data, whatever the credit says; not kicked. */
static void send_data(uint32_t guest_port, uint32_t host_port, uint32_t count) {
    static uint8_t packet[PAGE];
    struct header h = header_of(guest_port, host_port, RW, count);
    memcpy(packet, &h, HEADER);
    send_bytes(packet, HEADER + count);
}

static void give_rx(void) {
    struct ring *r = &rings[RX];
    while (outstanding(RX) < r->size) {
        int slot = r->offered % r->size;
        set_desc(RX, slot, r->buffer_physical[slot], PAGE, F_WRITE, 0);
        offer(RX, slot);
    }
    rx_given = 1;
    kick(RX);
}

/* The next packet of the host, 0 if none comes in time. Its dials of the agent are refused and not shown. */
static int receive(struct header *h, double seconds) {
    double until = now() + seconds;
    struct used_element e;
    do {
        if (reap(RX, &e)) {
            memcpy(h, rings[RX].buffer[e.head % RING], HEADER);
            if (outstanding(RX) < rings[RX].size / 2 && rx_given) {
                give_rx();
            }
            if (h->op == REQUEST && h->dst_port == AGENT_PORT) {
                send_packet(AGENT_PORT, h->src_port, RST);
                continue;
            }
            expect(h->src_cid == HOST_CID && h->dst_cid == GUEST_CID, "a packet of another pair of CIDs");
            return 1;
        }
    } while (now() < until);
    return 0;
}

/* Waits for a packet of this kind to this port and passes over all others. */
static int await(uint16_t op, uint32_t guest_port, struct header *h) {
    double until = now() + PATIENCE;
    while (now() < until) {
        if (receive(h, 1) && h->op == op && h->dst_port == guest_port) {
            return 1;
        }
    }
    return 0;
}

/* Takes what is there. */
static void drain(void) {
    struct header h;
    while (receive(&h, 0.02)) {
    }
}

/* The device works: what was asked last is answered last. */
static void sentinel(void) {
    static uint32_t port = 900000;
    struct header h;
    drain();
    send_packet(++port, 20, RW);
    expect(await(RST, port, &h), "the device does not answer any more");
}

static void open_connection(uint32_t guest_port, uint32_t host_port) {
    struct header h;
    send_packet(guest_port, host_port, REQUEST);
    expect(await(RESPONSE, guest_port, &h), "no connection");
}

/* ---- attacks that the device outlives */

static void headers_too_short(void) {
    static const uint8_t nothing[HEADER];
    for (int length = 0; length < HEADER; length++) {
        send_bytes(nothing, length);
    }
    kick(TX);
    struct header h;
    expect(!receive(&h, 0.2), "an answer to less than a header");
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
    struct header h;
    expect(!receive(&h, 0.2), "an answer to a stranger");
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

static void no_rx_buffers(void) {
    /* The device was started anew: it has none. Every packet here wants an answer. */
    double quiet = now() + 1;
    int before = -1;
    for (uint32_t i = 0; now() < quiet; i++) {
        if (outstanding(TX) < rings[TX].size) {
            send_packet(3000 + i, 20, RW);
        }
        if (rings[TX].offered - outstanding(TX) != before) {
            before = rings[TX].offered - outstanding(TX);
            quiet = now() + 1;
        }
        if (before > 5000) {
            break;
        }
    }
    expect(before > 0 && before <= 1024, "the TX ring was not left alone");
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
