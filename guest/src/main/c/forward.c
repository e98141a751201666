#include "forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "frames.h"
#include "loop.h"

#define BUFFER_SIZE 65536 /* the longest vsock packet of the guest's kernel */
#define ROUNDS 8          /* receptions of one direction in one turn of the loop */
#define PATIENCE (10000 * MILLIS)
#define PROBE_INTERVAL (250 * MILLIS)

enum forward_state {
    FORWARD_FREE,
    FORWARD_CONNECTING,
    FORWARD_WAITING, /* for its data connection */
    FORWARD_BOUND,
    FORWARD_BROKEN, /* TCP is lost: the data connection stays until the host, told so, resets it */
    FORWARD_FAILED, /* nothing is left but the word */
};

/* One direction. */
struct half {
    uint8_t *buffer; /* from the first time that the receiver took less than there was */
    uint32_t head, tail;
    bool ended;   /* the sender has sent its last byte */
    bool passed;  /* and the receiver has been told, after all bytes */
    bool dropped; /* the receiver takes no more: what comes goes nowhere */
};

struct forward {
    enum forward_state state;
    uint64_t id;
    uint8_t token[TOKEN_SIZE];
    uint16_t port;
    bool second; /* ::1 is being tried */
    bool owes;
    uint32_t number; /* the word owed: 0 or an errno */
    uint32_t lost;   /* TCP takes no more for this reason; what it holds is still passed on */
    struct watch tcp, data;
    struct timer timer;
    struct half in, out; /* to TCP; from it */
};

static struct forward forwards[FORWARDS_MAX];
static struct forward *end = forwards; /* no place from here on was ever used */
static int owing;
static struct timer probe;
static uint8_t scratch[BUFFER_SIZE];

static struct forward *find(uint64_t id) {
    for (struct forward *f = forwards; f < end; f++) {
        if (f->state != FORWARD_FREE && f->id == id) return f;
    }
    return NULL;
}

static struct forward *free_place(void) {
    for (struct forward *f = forwards; f < forwards + FORWARDS_MAX; f++) {
        if (f->state != FORWARD_FREE) continue;
        if (f == end) end++;
        return f;
    }
    return NULL;
}

static void owe(struct forward *f, uint32_t number) {
    if (!f->owes) owing++;
    f->owes = true;
    f->number = number;
    control_events_waiting();
}

static void told(struct forward *f) {
    if (f->owes) owing--;
    f->owes = false;
}

static void empty(struct half *half) {
    if (half->buffer) munmap(half->buffer, BUFFER_SIZE);
    half->buffer = NULL;
    half->head = half->tail = 0;
}

static void forget(struct forward *f) {
    told(f);
    timer_clear(&f->timer);
    loop_close(&f->tcp);
    loop_close(&f->data);
    empty(&f->in);
    empty(&f->out);
    memset(f->token, 0, TOKEN_SIZE);
    f->state = FORWARD_FREE;
}

/* Has the close of the TCP connection reset it. */
static void arm_reset(struct forward *f) {
    struct linger at_once = {.l_onoff = 1};
    if (f->tcp.fd >= 0) setsockopt(f->tcp.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void reset(struct forward *f) {
    arm_reset(f);
    forget(f);
}

static void fail(struct forward *f, uint32_t number) {
    arm_reset(f);
    timer_clear(&f->timer);
    loop_close(&f->tcp);
    f->state = FORWARD_FAILED;
    owe(f, number);
}

static void patience_over(struct timer *timer) {
    struct forward *f = owner_of(timer, struct forward, timer);
    if (f->state == FORWARD_CONNECTING || f->state == FORWARD_WAITING) {
        fail(f, ETIMEDOUT);
    } else {
        loop_close(&f->data); /* the host has had its time to do so */
        f->state = FORWARD_FAILED;
        if (!f->owes) forget(f);
    }
}

/* --- bytes --- */

static void pump(struct forward *f);

static bool held_back(const struct half *half) { return half->head < half->tail; }

/* A host that only takes no more causes no event while an output has no credit: see, as long as there is one. */
static void probe_held_back(struct timer *timer) {
    bool some = false;
    for (struct forward *f = forwards; f < end; f++) {
        if (f->state == FORWARD_BOUND && held_back(&f->out)) pump(f);
        some = some || (f->state == FORWARD_BOUND && held_back(&f->out));
    }
    if (some) timer_set(timer, now_ns() + PROBE_INTERVAL, probe_held_back);
}

static bool refuses(const struct forward *f) {
    return send(f->data.fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != EINTR;
}

static bool keep(struct half *half, const uint8_t *bytes, uint32_t size) {
    if (!half->buffer) {
        void *buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buffer == MAP_FAILED) return false;
        half->buffer = buffer;
    }
    memcpy(half->buffer, bytes, size);
    half->head = 0;
    half->tail = size;
    return true;
}

enum moved { NOTHING_MORE, MORE, ALL, NO_SENDER, NO_RECEIVER }; /* the last two with errno */

static enum moved move(struct half *half, int from, int to) {
    for (int round = 0; round < ROUNDS; round++) {
        bool old = held_back(half);
        if (!old && half->ended) return ALL;
        const uint8_t *bytes = old ? half->buffer + half->head : scratch;
        ssize_t size = old ? half->tail - half->head : recv(from, scratch, BUFFER_SIZE, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == EAGAIN ? NOTHING_MORE : NO_SENDER;
        half->ended = size == 0;
        if (size == 0 || half->dropped) continue;
        ssize_t sent = send(to, bytes, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return NO_RECEIVER;
        if (sent < 0) sent = 0;
        if (old) half->head += (uint32_t)sent;
        else if (sent < size && !keep(half, bytes + sent, (uint32_t)(size - sent))) return NO_RECEIVER;
        if (old && sent == 0) return NOTHING_MORE;
    }
    return MORE;
}

static void drop(struct half *half) {
    empty(half);
    half->dropped = true;
}

/* TCP is lost before its sender's end: the host takes the end of the data connection for that of the bytes, so it comes last. */
static void lose_tcp(struct forward *f, uint32_t number) {
    arm_reset(f);
    loop_close(&f->tcp);
    empty(&f->in);
    empty(&f->out);
    f->state = FORWARD_BROKEN;
    owe(f, number);
    timer_set(&f->timer, now_ns() + PATIENCE, patience_over);
    loop_again(&f->data); /* its event may have been the one that is just being served */
}

static bool move_in(struct forward *f) {
    enum moved moved = f->in.passed ? NOTHING_MORE : move(&f->in, f->data.fd, f->tcp.fd);
    int number = errno;
    /* A reset by the host looks like an end of its bytes, but for what can be sent to it. */
    if (moved == NO_SENDER || (f->in.ended && !f->out.passed && !f->out.dropped && refuses(f))) {
        reset(f);
        return false;
    }
    if (moved == NO_RECEIVER && number == ENOMEM) {
        lose_tcp(f, ENOMEM);
        return false;
    }
    if (moved == NO_RECEIVER) {
        if (!f->out.ended) f->lost = (uint32_t)number; /* else as a kernel does for a program that has ended */
        drop(&f->in);
    }
    if (moved == ALL) {
        shutdown(f->tcp.fd, SHUT_WR);
        f->in.passed = true;
    }
    if (moved == MORE) loop_again(&f->tcp);
    return true;
}

static bool move_out(struct forward *f) {
    enum moved moved = f->out.passed ? NOTHING_MORE : move(&f->out, f->tcp.fd, f->data.fd);
    int number = errno;
    if (moved == NO_SENDER || (moved == NO_RECEIVER && number == ENOMEM)) {
        lose_tcp(f, (uint32_t)number);
        return false;
    }
    if (moved == NO_RECEIVER && f->in.ended) {
        reset(f); /* it neither sends nor receives */
        return false;
    }
    if (moved == NO_RECEIVER) drop(&f->out);
    if (moved == ALL && f->lost) {
        lose_tcp(f, f->lost);
        return false;
    }
    if (moved == ALL) {
        shutdown(f->data.fd, SHUT_WR);
        f->out.passed = true;
    }
    if (moved == MORE || moved == NO_RECEIVER) loop_again(&f->tcp);
    return true;
}

static void pump(struct forward *f) {
    if (!move_in(f) || !move_out(f)) return;
    if (f->out.passed && (f->in.passed || f->in.dropped)) forget(f);
    else if (held_back(&f->out) && !probe.armed) timer_set(&probe, now_ns() + PROBE_INTERVAL, probe_held_back);
}

static void data_ready(struct watch *watch, uint32_t events) {
    struct forward *f = owner_of(watch, struct forward, data);
    (void)events;
    if (f->state == FORWARD_BOUND) {
        pump(f);
        return;
    }
    struct half nowhere = {.dropped = true};
    enum moved moved = move(&nowhere, f->data.fd, -1);
    if (moved == MORE) loop_again(watch);
    /* The host has reset it: it knows, or wants to know nothing. */
    if (moved == NO_SENDER || (nowhere.ended && refuses(f))) forget(f);
}

bool forward_bind(uint64_t id, int fd, const uint8_t *token) {
    struct forward *f = find(id);
    if (!f || f->state != FORWARD_WAITING || !tokens_equal(f->token, token)) return false;
    if (!loop_watch(&f->data, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, data_ready)) return false;
    timer_clear(&f->timer);
    memset(f->token, 0, TOKEN_SIZE);
    f->state = FORWARD_BOUND;
    pump(f);
    return true;
}

/* --- the TCP connection --- */

static uint32_t dial(struct forward *f, sa_family_t family);

static void connected(struct forward *f) {
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(f->tcp.fd, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number == ECONNREFUSED && !f->second) {
        f->second = true;
        loop_close(&f->tcp);
        if (dial(f, AF_INET6) == 0) return;
    }
    if (number) {
        fail(f, f->second ? ECONNREFUSED : (uint32_t)number);
        return;
    }
    f->state = FORWARD_WAITING;
    timer_set(&f->timer, now_ns() + PATIENCE, patience_over);
    owe(f, 0);
}

static void tcp_ready(struct watch *watch, uint32_t events) {
    struct forward *f = owner_of(watch, struct forward, tcp);
    if (f->state == FORWARD_CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) connected(f);
    if (f->state != FORWARD_BOUND) return; /* what else there is to see will be seen then */
    if ((events & EPOLLERR) && f->out.passed) drop(&f->in);
    pump(f);
}

/* Dials the port in this family: 0 or an errno. */
static uint32_t dial(struct forward *f, sa_family_t family) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(f->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(f->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0) return (uint32_t)errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* who writes how much when is not ours to decide */
    bool begun = connect(fd, address, family == AF_INET ? sizeof four : sizeof six) == 0 || errno == EINPROGRESS;
    if (begun && loop_watch(&f->tcp, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, tcp_ready)) return 0;
    int number = errno;
    close(fd);
    return (uint32_t)number;
}

uint32_t forward_start(uint64_t id, const uint8_t *token, uint16_t port) {
    if (find(id)) return EEXIST;
    struct forward *f = free_place();
    if (!f) return EAGAIN;
    memset(f, 0, sizeof *f);
    watch_init(&f->tcp);
    watch_init(&f->data);
    f->id = id;
    f->port = port;
    memcpy(f->token, token, TOKEN_SIZE);
    uint32_t number = dial(f, AF_INET);
    if (number == ECONNREFUSED) {
        f->second = true;
        if (dial(f, AF_INET6) == 0) number = 0;
    }
    if (number) return number;
    f->state = FORWARD_CONNECTING;
    timer_set(&f->timer, now_ns() + PATIENCE, patience_over);
    return 0;
}

void forward_abandon(uint64_t id) {
    struct forward *f = find(id);
    if (f) reset(f);
}

/* --- words --- */

void forwards_announce(void) {
    for (struct forward *f = forwards; f < end; f++) {
        if (f->state == FORWARD_BROKEN) owe(f, f->number);
    }
}

bool forward_owing(void) { return owing > 0; }

bool forward_word(uint64_t *id, uint32_t *number) {
    for (struct forward *f = forwards; owing > 0 && f < end; f++) {
        if (f->state == FORWARD_FREE || !f->owes) continue;
        *id = f->id;
        *number = f->number;
        told(f);
        if (f->state == FORWARD_FAILED) forget(f);
        return true;
    }
    return false;
}
