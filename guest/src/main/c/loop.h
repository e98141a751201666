/*
 * The agent's one loop: edge-triggered epoll, timers, and a list of watches that asked for another turn.
 *
 * Edge-triggered, so that a pump never has to re-arm a descriptor: whoever is told that one is ready works
 * until EAGAIN, or for a few rounds and then calls loop_again(), which keeps one busy stream from starving
 * the rest. Watches and timers live in their owners' static memory; nothing here allocates.
 */
#ifndef VMETTE_LOOP_H
#define VMETTE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define owner_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct watch {
    int fd; /* -1: closed */
    void (*ready)(struct watch *, uint32_t events);
    struct watch *next;
    bool queued;
};

struct timer {
    uint64_t at; /* nanoseconds of CLOCK_MONOTONIC */
    void (*due)(struct timer *);
    struct timer *next, *previous;
    bool armed;
};

#define MILLIS 1000000ull

bool loop_init(void);

/* Takes an all-zero watch to the state "closed". */
void watch_init(struct watch *);

/* Watches fd, which stays the caller's if this fails. */
bool loop_watch(struct watch *, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t events));

/* Forgets the watch, also in the batch being served; returns its descriptor, which is the caller's again. */
int loop_unwatch(struct watch *);

/* loop_unwatch and close. No-op on a closed watch. */
void loop_close(struct watch *);

/* Calls ready(watch, 0) in the next turn. */
void loop_again(struct watch *);

void timer_set(struct timer *, uint64_t at, void (*due)(struct timer *));
void timer_clear(struct timer *);

uint64_t now_ns(void);
uint64_t loop_ticks(void);
void loop_turn(void);

#endif
