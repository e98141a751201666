#include "linger.h"

#include <poll.h>
#include <unistd.h>

#include "loop.h"

#define LINGERING_MAX 512

struct lingerer {
    struct watch watch;
    bool used, early; /* early: the host had ended its own sending before */
    uint64_t since;
};

static struct lingerer lingerers[LINGERING_MAX];
static uint64_t arrivals;

static void leave(struct lingerer *lingerer) {
    loop_close(&lingerer->watch);
    lingerer->used = false;
}

static void peer_changed(struct watch *watch, uint32_t events) {
    (void)events;
    struct lingerer *lingerer = owner_of(watch, struct lingerer, watch);
    /* Of an early one the first event tells what is known; only the next edge is the host's close. */
    if (lingerer->early) lingerer->early = false;
    else leave(lingerer);
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
    watch_init(&lingerer->watch);
    lingerer->early = (peer.revents & POLLRDHUP) != 0;
    lingerer->since = arrivals++;
    lingerer->used = loop_watch(&lingerer->watch, fd, EPOLLRDHUP, peer_changed);
    if (!lingerer->used) close(fd);
}
