/* What tests of detached commands share: outputs that tell their offset, gates, and attachments. To be included once. */
#ifndef VMETTE_REPLAYING_H
#define VMETTE_REPLAYING_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static int control;
static uint64_t id = 5000;

#define DETACHED_WITH(more, ring, ...) \
    ((struct command){.id = ++id, .out = true, .flags = EXEC_DETACHED | (more), .replay_bytes = (ring), __VA_ARGS__})
#define DETACHED(...) DETACHED_WITH(0, __VA_ARGS__)
#define BLOCKING(...) DETACHED_WITH(EXEC_BLOCK, __VA_ARGS__)

/* Output whose every byte is determined by its offset: lines of 16 bytes that count from 0. */
static inline const char *pattern(uint64_t bytes) {
    static char line[64];
    snprintf(line, sizeof line, "exec seq -f %%015.0f 0 %llu", (unsigned long long)bytes / 16 - 1);
    return line;
}

static inline char pattern_at(uint64_t offset) {
    char line[24];
    snprintf(line, sizeof line, "%015llu\n", (unsigned long long)offset / 16);
    return line[offset % 16];
}

static char gate[64];

/* A command line that waits until open_gate(), or the end of an agent that a test has left. */
static inline const char *gated(const char *line) {
    static char whole[256];
    unlink(gate);
    snprintf(whole, sizeof whole, "while [ ! -e %s ] && kill -0 %d; do sleep 0.01; done; %s", gate, (int)agent, line);
    return whole;
}

static inline void open_gate(void) {
    int fd = open(gate, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check(fd >= 0);
    close(fd);
}

static inline void remove_gate(void) { unlink(gate); }

static inline struct reply attach(uint64_t execution, uint8_t stream, uint8_t token, uint64_t from) {
    host_attach(control, execution, stream, token, from);
    struct reply reply = host_expect(control, ATTACHED, execution);
    check(reply.stream == stream && reply.token == token);
    return reply;
}

/* Attaches and dials; what is to come begins at *offset. */
static inline int attached(uint64_t execution, uint8_t stream, uint8_t token, uint64_t from, uint64_t *offset) {
    struct reply reply = attach(execution, stream, token, from);
    check_says(reply.kind == 0, "refused: %s", strerror((int)reply.value));
    *offset = reply.offset;
    return host_data_of(execution, stream, token);
}

static inline void refused(uint64_t execution, uint8_t stream, uint64_t from, uint32_t number) {
    struct reply reply = attach(execution, stream, 77, from);
    check_equal(reply.kind, 1);
    check_equal(reply.value, number);
    host_expect_closed(host_data_of(execution, stream, 77));
}

static inline void news(uint64_t execution, uint8_t stream, uint8_t token, uint8_t kind, uint64_t offset) {
    struct reply reply = host_expect(control, ATTACHED, execution);
    check_equal(reply.stream, stream);
    check_equal(reply.token, token);
    check_equal(reply.kind, kind);
    check_equal(reply.offset, offset);
}

/* The command's end and that of its output, attached to with this token: either may be told first. */
static inline void both_end(uint64_t execution, uint8_t token, uint64_t offset, uint8_t kind, uint32_t value) {
    for (int seen = 0; seen != 3;) {
        struct reply reply = host_read(control);
        check(reply.execution == execution && (reply.type == EXITED || reply.type == ATTACHED));
        if (reply.type == EXITED) {
            check(reply.kind == kind && reply.value == value && !(seen & 1));
            seen |= 1;
        } else {
            check(reply.kind == 2 && reply.token == token && reply.offset == offset && !(seen & 2));
            seen |= 2;
        }
    }
}

/* Waits until the ring has taken in all of an output that has ended. */
static inline void await_all(uint64_t execution, uint64_t size) {
    struct reply reply;
    for (;;) {
        reply = attach(execution, 1, 99, size);
        if (reply.kind == 0) break;
        check_equal(reply.value, ERANGE);
        poll(NULL, 0, 5);
    }
    check(strcmp(host_output(host_data_of(execution, 1, 99)), "") == 0);
    news(execution, 1, 99, 2, size);
}

static inline void acknowledge(int fd, uint64_t offset) {
    uint8_t bytes[8];
    struct writer w = {.bytes = bytes};
    put_u64(&w, offset);
    send(fd, bytes, sizeof bytes, MSG_NOSIGNAL); /* an output that has ended may be closed already */
}

/* Reads on until `until` or the end of file, checks every byte, acknowledges all of it; gives the offset reached. */
static inline uint64_t follow(int fd, uint64_t offset, uint64_t until) {
    static char bytes[65536];
    while (offset < until) {
        uint64_t most = until - offset < sizeof bytes ? until - offset : sizeof bytes;
        size_t got = host_receive(fd, bytes, (size_t)most);
        if (got == 0) break;
        for (size_t i = 0; i < got; i++) {
            check_says(bytes[i] == pattern_at(offset + i), "byte %llu is %d", (unsigned long long)offset + i, bytes[i]);
        }
        offset += got;
        acknowledge(fd, offset);
    }
    return offset;
}

static inline bool silent(int fd) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    return poll(&readable, 1, 300) == 0;
}

static inline void release(uint64_t execution) {
    host_release(control, execution);
    host_ping(control, execution);
    host_expect(control, PONG, execution);
}

#endif
