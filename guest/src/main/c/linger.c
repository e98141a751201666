#include "linger.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#define LINGERING_MAX 512
#define EARLY_PATIENCE (10000 * MILLIS)

struct lingerer {
    struct watch watch;
    struct timer timer;
    bool used;
    uint64_t since;
};

static struct lingerer lingerers[LINGERING_MAX];
static uint64_t arrivals;

static void leave(struct lingerer *lingerer) {
    timer_clear(&lingerer->timer);
    loop_close(&lingerer->watch);
    lingerer->used = false;
}

static void patience_over(struct timer *timer) { leave(owner_of(timer, struct lingerer, timer)); }

static void peer_changed(struct watch *watch, uint32_t events) {
    struct lingerer *lingerer = owner_of(watch, struct lingerer, watch);
    (void)events;
    if (!lingerer->timer.armed) leave(lingerer);
}

static struct lingerer *place(void) {
    struct lingerer *oldest = &lingerers[0];
    for (struct lingerer *l = lingerers; l < lingerers + LINGERING_MAX; l++) {
        if (!l->used) return l;
        if (l->since < oldest->since) oldest = l;
    }
    leave(oldest);
    return oldest;
}

void linger(int fd) {
    struct lingerer *lingerer = place();
    struct pollfd peer = {.fd = fd, .events = POLLRDHUP};
    poll(&peer, 1, 0);
    shutdown(fd, SHUT_WR);
    watch_init(&lingerer->watch);
    lingerer->since = arrivals++;
    lingerer->used = loop_watch(&lingerer->watch, fd, EPOLLRDHUP, peer_changed);
    if (!lingerer->used) {
        close(fd);
    } else if (peer.revents & POLLRDHUP) {
        /* The host had ended its own sending before: no event can tell its close from that. */
        timer_set(&lingerer->timer, now_ns() + EARLY_PATIENCE, patience_over);
    }
}
