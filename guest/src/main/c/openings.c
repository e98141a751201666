#include "openings.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "execution.h"
#include "forward.h"
#include "frames.h"
#include "loop.h"

#define OPENINGS_MAX 512 /* a host may dial for hundreds of forwards at once */
#define PATIENCE (5000 * MILLIS)
#define MAGIC_SIZE 4
#define ACCEPTED_PER_TURN 64
#define SHORTAGE_PAUSE (100 * MILLIS)

struct opening {
    struct watch watch;
    struct timer timer;
    bool used;
    uint64_t since;
    uint32_t have;
    uint8_t bytes[MAGIC_SIZE + CLAIM_SIZE];
};

static struct watch listener_watch;
static struct timer shortage;
static struct opening openings[OPENINGS_MAX];
static uint64_t arrivals;

/* Forgets the opening; its descriptor is the caller's. */
static int release(struct opening *opening) {
    timer_clear(&opening->timer);
    opening->used = false;
    return loop_unwatch(&opening->watch);
}

static void dismiss(struct opening *opening) { close(release(opening)); }

static void too_late(struct timer *timer) { dismiss(owner_of(timer, struct opening, timer)); }

static void complete(struct opening *opening) {
    struct opening_claim claim;
    claim_decode(opening->bytes + MAGIC_SIZE, &claim);
    int fd = release(opening);
    if (claim.stream == SOCKET) {
        if (!forward_bind(claim.execution, fd, claim.token)) close(fd);
        return;
    }
    struct execution *x = claim.stream < STREAMS ? execution_find(claim.execution) : NULL;
    if (!x || !stream_bind(&x->stream[claim.stream], fd, claim.token)) close(fd);
}

static bool begins_with(const struct opening *opening, const char *magic) {
    return memcmp(opening->bytes, magic, MAGIC_SIZE) == 0;
}

static void advance(struct watch *watch, uint32_t events) {
    struct opening *opening = owner_of(watch, struct opening, watch);
    (void)events;
    for (;;) {
        uint32_t need = opening->have < MAGIC_SIZE ? MAGIC_SIZE : sizeof opening->bytes;
        ssize_t got = recv(watch->fd, opening->bytes + opening->have, need - opening->have, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) break;
        opening->have += (uint32_t)got;
        if (opening->have == MAGIC_SIZE && begins_with(opening, "VMTC")) {
            int fd = release(opening);
            if (!control_accept(fd)) close(fd);
            return;
        }
        if (opening->have == MAGIC_SIZE && !begins_with(opening, "VMTD")) break;
        if (opening->have == sizeof opening->bytes) {
            complete(opening);
            return;
        }
    }
    dismiss(opening);
}

static struct opening *place(void) {
    struct opening *oldest = &openings[0];
    for (struct opening *o = openings; o < openings + OPENINGS_MAX; o++) {
        if (!o->used) return o;
        if (o->since < oldest->since) oldest = o;
    }
    dismiss(oldest);
    return oldest;
}

static void open_for(int fd) {
    struct opening *opening = place();
    watch_init(&opening->watch);
    if (!loop_watch(&opening->watch, fd, EPOLLIN | EPOLLRDHUP, advance)) {
        close(fd);
        return;
    }
    opening->used = true;
    opening->since = arrivals++;
    opening->have = 0;
    timer_set(&opening->timer, now_ns() + PATIENCE, too_late);
    advance(&opening->watch, 0);
}

static void shortage_over(struct timer *timer) {
    (void)timer;
    loop_again(&listener_watch);
}

static void accept_some(struct watch *watch, uint32_t events) {
    (void)events;
    for (int i = 0; i < ACCEPTED_PER_TURN; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && errno == EAGAIN) return;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
            timer_set(&shortage, now_ns() + SHORTAGE_PAUSE, shortage_over); /* no event tells that it has passed */
            return;
        }
        if (fd < 0) continue; /* that one is gone already */
        if (peer_is_host(fd)) open_for(fd);
        else close(fd);
    }
    loop_again(watch);
}

bool openings_serve(int listener) {
    watch_init(&listener_watch);
    return loop_watch(&listener_watch, listener, EPOLLIN, accept_some);
}
