#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "execution.h"
#include "linger.h"

#define PIECE 65536 /* the longest vsock packet of the guest's kernel */
#define ROUNDS 8    /* pieces of one stream in one turn of the loop */
#define PAGE 4096u
#define BUDGET_MAX (1ull << 30)
#define PATIENCE (10000 * MILLIS)

static uint64_t charged; /* bytes of all rings */

/* --- the rings' memory --- */

static uint64_t budget(void) {
    struct sysinfo memory;
    if (sysinfo(&memory) < 0) return 0;
    uint64_t quarter = (uint64_t)memory.totalram * memory.mem_unit / 4;
    return quarter < BUDGET_MAX ? quarter : BUDGET_MAX;
}

static uint64_t charge_of(uint32_t size) { return ((uint64_t)size + PAGE - 1) / PAGE * PAGE; }

bool replay_affordable(const struct exec *exec, char *why) {
    if (!(exec->flags & EXEC_DETACHED)) return true;
    if (exec->replay_bytes == 0 || exec->replay_bytes > REPLAY_MAX) {
        snprintf(why, WHY_MAX, "a replay ring of %u bytes: allowed is 1 to %u", exec->replay_bytes, REPLAY_MAX);
        errno = EINVAL;
        return false;
    }
    uint64_t wanted = 0, all = budget();
    for (int i = STDOUT; i <= STDERR; i++) {
        if (exec->stream[i].mode == MODE_REPLAY) wanted += charge_of(exec->replay_bytes);
    }
    if (charged + wanted <= all) return true;
    snprintf(why, WHY_MAX,
             "replay rings of %llu bytes: %llu of the %llu that this guest has for all of them are in use; release "
             "detached commands that have ended, or ask for smaller rings",
             (unsigned long long)wanted, (unsigned long long)charged, (unsigned long long)all);
    errno = ENOMEM;
    return false;
}

/* --- attachments --- */

/* The attachment is over: the host is told, and nothing but BLOCK holds the command back any more. */
static void detach(struct stream *stream, enum attachment_news news) {
    struct replay *replay = &stream->replay;
    if (replay->attachment == ATTACHMENT_NONE) return;
    timer_clear(&replay->patience);
    loop_close(&stream->connection);
    replay->attachment = ATTACHMENT_NONE;
    replay->ack_size = 0;
    replay->news = news;
    execution_owes_news(stream->execution);
    loop_again(&stream->pipe);
}

static void nobody_came(struct timer *timer) {
    detach(owner_of(timer, struct stream, replay.patience), NEWS_BROKEN);
}

static void put_attached(struct writer *w, const struct attach *about, enum attachment_news news, uint32_t number,
                         uint64_t offset, uint32_t size) {
    frame_begin(w, ATTACHED);
    put_u64(w, about->execution);
    put_u8(w, about->stream);
    put_token(w, about->token);
    put_u8(w, (uint8_t)news);
    put_u32(w, number);
    put_u64(w, offset);
    put_u32(w, size);
    frame_end(w);
}

void replay_put_news(struct writer *w, struct stream *stream) {
    struct replay *replay = &stream->replay;
    if (replay->news == NEWS_ATTACHED) return;
    struct attach about = {.execution = stream->execution->id, .stream = stream->index, .token = replay->token};
    put_attached(w, &about, replay->news, 0, replay->sent, 0);
    replay->news = NEWS_ATTACHED;
}

void replay_attach(struct writer *w, const struct attach *attach) {
    struct execution *x = execution_find(attach->execution);
    struct stream *stream = x ? &x->stream[attach->stream] : NULL;
    if (!stream || stream->state != STREAM_REPLAY) {
        put_attached(w, attach, NEWS_REFUSED, x ? EINVAL : ESRCH, 0, 0);
        return;
    }
    struct replay *replay = &stream->replay;
    if (attach->from > replay->ring.end) {
        put_attached(w, attach, NEWS_REFUSED, ERANGE, replay->ring.end, 0);
        return;
    }
    detach(stream, NEWS_TAKEN_OVER);
    replay_put_news(w, stream); /* while its token is still known */
    replay->keep = replay->sent = attach->from > replay->ring.first ? attach->from : replay->ring.first;
    replay->attachment = ATTACHMENT_AWAITED;
    memcpy(replay->token, attach->token, TOKEN_SIZE);
    timer_set(&replay->patience, now_ns() + PATIENCE, nobody_came);
    put_attached(w, attach, NEWS_ATTACHED, 0, replay->keep, replay->ring.size);
}

/* --- the pump --- */

static uint32_t room(const struct replay *replay) {
    if (replay->attachment == ATTACHMENT_NONE && !replay->block) return replay->ring.size;
    return replay->ring.size - (uint32_t)(replay->ring.end - replay->keep);
}

/* Reads once from the pipe. False: nothing there, or no room, at the moment. */
static bool take_output(struct stream *stream) {
    struct iovec pieces[2];
    uint32_t most = room(&stream->replay);
    if (stream->left >= 0 && (uint64_t)stream->left < most) most = (uint32_t)stream->left;
    if (most == 0) return false;
    ssize_t got = readv(stream->pipe.fd, pieces, ring_space(&stream->replay.ring, most < PIECE ? most : PIECE, pieces));
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got > 0) ring_filled(&stream->replay.ring, (uint32_t)got);
    if (got > 0 && stream->left >= 0) stream->left -= got;
    if (got <= 0 || stream->left == 0) { /* a pty whose last terminal is closed says EIO */
        loop_close(&stream->pipe);
        execution_settle(stream->execution);
    }
    return true;
}

static bool acknowledge(struct replay *replay, const uint8_t bytes[8]) {
    uint64_t offset = 0;
    for (int i = 8; i-- > 0;) offset = offset << 8 | bytes[i];
    if (offset < replay->keep || offset > replay->sent) return false;
    replay->keep = offset;
    return true;
}

/* Receives once from the connection. False: nothing there at the moment, or the attachment is over. */
static bool take_acks(struct stream *stream) {
    struct replay *replay = &stream->replay;
    uint8_t bytes[512];
    ssize_t got = recv(stream->connection.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    bool fine = got > 0;
    for (ssize_t i = 0; fine && i < got; i++) {
        replay->ack[replay->ack_size++] = bytes[i];
        if (replay->ack_size < sizeof replay->ack) continue;
        replay->ack_size = 0;
        fine = acknowledge(replay, replay->ack);
    }
    if (!fine) detach(stream, NEWS_BROKEN);
    return fine;
}

/* Sends once. False: nothing to send, or it is not taken at the moment, or the attachment is over. */
static bool pass_on(struct stream *stream) {
    struct replay *replay = &stream->replay;
    struct iovec pieces[2];
    struct msghdr message = {.msg_iov = pieces};
    int count = ring_held(&replay->ring, replay->sent, PIECE, pieces);
    if (count == 0) return false;
    message.msg_iovlen = (size_t)count;
    ssize_t sent = sendmsg(stream->connection.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) replay->sent += (uint64_t)sent;
    if (sent < 0 && errno != EINTR && errno != EAGAIN) detach(stream, NEWS_BROKEN);
    return sent > 0 || (sent < 0 && errno == EINTR);
}

static bool connected(const struct stream *stream) { return stream->replay.attachment == ATTACHMENT_CONNECTED; }

static void end_when_done(struct stream *stream) {
    if (!connected(stream) || stream->pipe.fd >= 0 || stream->replay.sent < stream->replay.ring.end) return;
    linger(loop_unwatch(&stream->connection));
    detach(stream, NEWS_ENDED);
}

void replay_pump(struct stream *stream) {
    for (int round = 0; round < ROUNDS; round++) {
        bool moved = connected(stream) && take_acks(stream);
        if (stream->pipe.fd >= 0) moved |= take_output(stream);
        if (connected(stream)) moved |= pass_on(stream);
        end_when_done(stream);
        if (!moved) return;
    }
    loop_again(&stream->pipe);
}

static void pipe_ready(struct watch *watch, uint32_t events) {
    (void)events;
    replay_pump(owner_of(watch, struct stream, pipe));
}

static void connection_ready(struct watch *watch, uint32_t events) {
    (void)events;
    replay_pump(owner_of(watch, struct stream, connection));
}

/* --- the beginning and the end --- */

bool replay_open(struct stream *stream, int fd, uint32_t size, bool block) {
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED || !loop_watch(&stream->pipe, fd, EPOLLIN, pipe_ready)) {
        if (bytes != MAP_FAILED) munmap(bytes, size);
        close(fd);
        return false;
    }
    stream->replay = (struct replay){.block = block};
    ring_init(&stream->replay.ring, bytes, size, 0);
    charged += charge_of(size);
    stream->state = STREAM_REPLAY;
    return true;
}

bool replay_adopt(struct stream *stream, uint64_t offset, const uint8_t *bytes, uint32_t size) {
    struct iovec pieces[2];
    if (charged + REPLAY_ADOPTED > budget()) return false;
    void *memory = mmap(NULL, REPLAY_ADOPTED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    struct replay *replay = &stream->replay;
    *replay = (struct replay){.block = true, .keep = offset, .sent = offset};
    ring_init(&replay->ring, memory, REPLAY_ADOPTED, offset);
    int count = ring_space(&replay->ring, size, pieces);
    for (int i = 0; i < count; i++) {
        memcpy(pieces[i].iov_base, bytes, pieces[i].iov_len);
        bytes += pieces[i].iov_len;
    }
    ring_filled(&replay->ring, size);
    charged += REPLAY_ADOPTED;
    stream->state = STREAM_REPLAY;
    if (stream->left == 0) loop_close(&stream->pipe);
    stream->pipe.ready = pipe_ready;
    loop_again(&stream->pipe);
    return true;
}

bool replay_bind(struct stream *stream, int fd, const uint8_t *token) {
    struct replay *replay = &stream->replay;
    if (replay->attachment != ATTACHMENT_AWAITED || !tokens_equal(replay->token, token)) return false;
    if (!loop_watch(&stream->connection, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, connection_ready)) return false;
    timer_clear(&replay->patience);
    replay->attachment = ATTACHMENT_CONNECTED;
    replay_pump(stream);
    return true;
}

void replay_close(struct stream *stream) {
    detach(stream, NEWS_RELEASED);
    munmap(stream->replay.ring.bytes, stream->replay.ring.size);
    charged -= charge_of(stream->replay.ring.size);
    stream->replay.ring = (struct ring){0};
}
