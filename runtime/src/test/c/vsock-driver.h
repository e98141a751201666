/* Packets to and from the host over virtio-pci.h's rings, and what a test expects of them. */
#ifndef VSOCK_DRIVER_H
#define VSOCK_DRIVER_H

#include "virtio-pci.h"

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

/* Those that the device has, and those that it has filled and nobody has looked at. */
static int kept_rx(void) {
    return (uint16_t)(rings[RX].offered - rings[RX].reaped);
}

/* Not a buffer whose packet is still to be read: the next one would take its place. */
static void give_rx(void) {
    struct ring *r = &rings[RX];
    while (kept_rx() < r->size) {
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
            if (kept_rx() < rings[RX].size / 2 && rx_given) {
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

/* Nothing that was sent before has an answer: the next packet is the answer to what is sent now. */
static void expect_silence(const char *what) {
    static uint32_t port = 800000;
    struct header h;
    send_packet(++port, 20, RW);
    expect(receive(&h, PATIENCE) && h.op == RST && h.dst_port == port, what);
}

static void open_connection(uint32_t guest_port, uint32_t host_port) {
    struct header h;
    send_packet(guest_port, host_port, REQUEST);
    expect(await(RESPONSE, guest_port, &h), "no connection");
}

#endif
