#include "loop.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define NEVER UINT64_MAX

static int epoll_fd = -1;
static struct epoll_event batch[BATCH];
static int batch_at, batch_length;
static struct watch *waiting, *running; /* asked for another turn; being given it */
static struct timer *timers;
static uint64_t next_deadline = NEVER; /* never later than the earliest timer */
static uint64_t ticks;

bool loop_init(void) {
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd >= 0;
}

void watch_init(struct watch *watch) {
    watch->fd = -1;
    watch->queued = false;
}

bool loop_watch(struct watch *watch, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t events)) {
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = watch};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) return false;
    watch->fd = fd;
    watch->ready = ready;
    return true;
}

static bool unlink_from(struct watch **list, struct watch *watch) {
    for (; *list; list = &(*list)->next) {
        if (*list == watch) {
            *list = watch->next;
            return true;
        }
    }
    return false;
}

int loop_unwatch(struct watch *watch) {
    int fd = watch->fd;
    if (watch->queued) {
        if (!unlink_from(&waiting, watch)) unlink_from(&running, watch);
        watch->queued = false;
    }
    if (fd < 0) return -1;
    /* Explicitly: a child between fork and execve still holds the open file, which would stay registered. */
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    for (int i = batch_at; i < batch_length; i++) {
        if (batch[i].data.ptr == watch) batch[i].data.ptr = NULL;
    }
    watch->fd = -1;
    return fd;
}

void loop_close(struct watch *watch) {
    int fd = loop_unwatch(watch);
    if (fd >= 0) close(fd);
}

void loop_again(struct watch *watch) {
    if (watch->queued) return;
    watch->queued = true;
    watch->next = waiting;
    waiting = watch;
}

void timer_set(struct timer *timer, uint64_t at, void (*due)(struct timer *)) {
    timer->at = at;
    timer->due = due;
    if (!timer->armed) {
        timer->armed = true;
        timer->previous = NULL;
        timer->next = timers;
        if (timers) timers->previous = timer;
        timers = timer;
    }
    if (at < next_deadline) next_deadline = at;
}

void timer_clear(struct timer *timer) {
    if (!timer->armed) return;
    timer->armed = false;
    if (timer->previous) timer->previous->next = timer->next;
    else timers = timer->next;
    if (timer->next) timer->next->previous = timer->previous;
}

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t loop_ticks(void) { return ticks; }

static void fire_timers(uint64_t now) {
    struct timer *timer = timers;
    while (timer) {
        if (timer->at > now) {
            timer = timer->next;
            continue;
        }
        timer_clear(timer);
        timer->due(timer);
        timer = timers; /* anything may have been set or cleared meanwhile */
    }
    next_deadline = NEVER;
    for (timer = timers; timer; timer = timer->next) {
        if (timer->at < next_deadline) next_deadline = timer->at;
    }
}

static int patience(void) {
    if (waiting) return 0;
    if (next_deadline == NEVER) return -1;
    uint64_t now = now_ns();
    if (next_deadline <= now) return 0;
    uint64_t millis = (next_deadline - now + MILLIS - 1) / MILLIS;
    return millis > 3600000 ? 3600000 : (int)millis;
}

void loop_turn(void) {
    batch_length = epoll_wait(epoll_fd, batch, BATCH, patience());
    ticks++;
    for (batch_at = 0; batch_at < batch_length; batch_at++) {
        struct watch *watch = batch[batch_at].data.ptr;
        if (watch) watch->ready(watch, batch[batch_at].events);
    }
    batch_length = 0;
    running = waiting;
    waiting = NULL;
    while (running) {
        struct watch *watch = running;
        running = watch->next;
        watch->queued = false;
        watch->ready(watch, 0);
    }
    if (next_deadline != NEVER) {
        uint64_t now = now_ns();
        if (next_deadline <= now) fire_timers(now);
    }
}
