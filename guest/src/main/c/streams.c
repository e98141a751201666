#include "streams.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "execution.h"
#include "linger.h"
#include "vsock.h"

#define BUFFER_SIZE 65536 /* a pipe's default capacity, and the longest vsock packet of the guest's kernel */
#define ROUNDS 8          /* reads and writes of one stream in one turn of the loop */
#define PROBE_INTERVAL (250 * MILLIS)

static uint8_t dropped[BUFFER_SIZE]; /* where discarded output goes */
static struct timer probe;
static struct stream *blocked_streams[2 * EXECUTIONS_MAX];
static int blocked_count;

void stream_init(struct stream *stream, struct execution *execution, uint8_t index) {
    memset(stream, 0, sizeof *stream);
    stream->execution = execution;
    stream->index = index;
    stream->left = -1;
    watch_init(&stream->pipe);
    watch_init(&stream->connection);
}

static void unblock(struct stream *stream) {
    if (!stream->blocked) return;
    stream->blocked = false;
    for (int i = 0; i < blocked_count; i++) {
        if (blocked_streams[i] == stream) {
            blocked_streams[i] = blocked_streams[--blocked_count];
            return;
        }
    }
}

void stream_abort(struct stream *stream) {
    unblock(stream);
    if (stream->state == STREAM_REPLAY) replay_close(stream);
    loop_close(&stream->connection);
    loop_close(&stream->pipe);
    if (stream->buffer) munmap(stream->buffer, BUFFER_SIZE);
    stream->buffer = NULL;
    stream->head = stream->tail = 0;
    stream->state = STREAM_CLOSED;
}

static void finish(struct stream *stream) {
    stream_abort(stream);
    execution_settle(stream->execution);
}

static bool buffered(const struct stream *stream) { return stream->head < stream->tail; }

/* The host takes no more of this output: the command shall see EPIPE, or the hang-up of its terminal. */
static void refused(struct stream *stream) {
    struct stream *input = &stream->execution->stream[STDIN];
    if (stream->pty && input->state != STREAM_CLOSED) stream_abort(input); /* it holds the pty open as well */
    finish(stream);
}

void stream_unplugged(struct stream *stream) {
    if (stream->state != STREAM_WAITING && stream->state != STREAM_BOUND) return;
    uint32_t held = stream->tail - stream->head;
    unblock(stream);
    loop_close(&stream->connection);
    if (stream->index == STDIN || !(stream->execution->flags & EXEC_DETACHED)) {
        finish(stream);
    } else if (!replay_adopt(stream, stream->passed, held ? stream->buffer + stream->head : NULL, held)) {
        refused(stream);
    } else if (stream->buffer) {
        munmap(stream->buffer, BUFFER_SIZE);
        stream->buffer = NULL;
        stream->head = stream->tail = 0;
    }
}

/* The connection of an output takes no more. */
static void disconnected(struct stream *stream) {
    if (transport_lost(stream->connection.fd)) execution_unplugged(stream->execution);
    else refused(stream);
}

static bool refuses(const struct stream *stream) {
    return send(stream->connection.fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != EINTR;
}

/*
 * A peer that only shuts its receiving side down, leaving no credit, causes no event, and neither does memory that is there again: ask and try, as long as
 * one is blocked.
 */
static void probe_blocked(struct timer *timer) {
    for (int i = blocked_count; i-- > 0;) {
        if (i >= blocked_count) continue;
        if (refuses(blocked_streams[i])) disconnected(blocked_streams[i]);
        else loop_again(&blocked_streams[i]->connection);
    }
    if (blocked_count > 0) timer_set(timer, now_ns() + PROBE_INTERVAL, probe_blocked);
}

static void block(struct stream *stream) {
    if (stream->blocked) return;
    stream->blocked = true;
    blocked_streams[blocked_count++] = stream;
    if (!probe.armed) timer_set(&probe, now_ns() + PROBE_INTERVAL, probe_blocked);
}

static void output_ended(struct stream *stream) {
    if (stream->state == STREAM_BOUND) {
        if (refuses(stream) && transport_lost(stream->connection.fd)) {
            execution_unplugged(stream->execution);
            return;
        } else if (refuses(stream)) {
            loop_close(&stream->connection);
        } else {
            linger(loop_unwatch(&stream->connection));
        }
    }
    finish(stream);
}

/* Reads once from the pipe. False: nothing there at the moment. The end of the pipe closes it. */
static bool take_output(struct stream *stream) {
    bool drop = stream->state == STREAM_DISCARDED;
    size_t most = BUFFER_SIZE;
    if (stream->left >= 0 && (uint64_t)stream->left < most) most = (size_t)stream->left;
    ssize_t got = read(stream->pipe.fd, drop ? dropped : stream->buffer, most);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) { /* a pty whose last terminal is closed says EIO */
        loop_close(&stream->pipe);
        return true;
    }
    if (stream->left >= 0) stream->left -= got;
    stream->head = 0;
    stream->tail = drop ? 0 : (uint32_t)got;
    return true;
}

static void pump_output(struct stream *stream) {
    for (int round = 0; round < ROUNDS; round++) {
        if (buffered(stream)) {
            ssize_t sent = send(stream->connection.fd, stream->buffer + stream->head, stream->tail - stream->head,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0 && connection_broke(errno)) {
                disconnected(stream);
                return;
            }
            if (sent < 0) {
                block(stream);
                return;
            }
            unblock(stream);
            stream->head += (uint32_t)sent;
            stream->passed += (uint64_t)sent;
        } else if (stream->pipe.fd < 0 || stream->left == 0) {
            output_ended(stream);
            return;
        } else if (!take_output(stream)) {
            return;
        }
    }
    loop_again(&stream->pipe);
}

/* The end of input for a terminal is a character, twice when it must first push an unfinished line through. */
static size_t end_of_file(struct stream *stream, uint8_t characters[2]) {
    struct termios modes;
    if (tcgetattr(stream->pipe.fd, &modes) < 0 || !(modes.c_lflag & ICANON)) return 0;
    characters[0] = characters[1] = modes.c_cc[VEOF];
    return stream->last == '\n' || stream->last == 0 ? 1 : 2;
}

/* Receives once from the connection. False: nothing there at the moment. */
static bool take_input(struct stream *stream) {
    ssize_t got = recv(stream->connection.fd, stream->buffer, BUFFER_SIZE, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    stream->ended = got <= 0;
    stream->head = 0;
    stream->tail = got > 0 ? (uint32_t)got : 0;
    return true;
}

static void pump_input(struct stream *stream) {
    for (int round = 0; round < ROUNDS; round++) {
        if (buffered(stream)) {
            ssize_t put = write(stream->pipe.fd, stream->buffer + stream->head, stream->tail - stream->head);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0 && errno == EAGAIN) return;
            if (put < 0) {
                finish(stream); /* the command has closed its stdin */
                return;
            }
            stream->head += (uint32_t)put;
            if (put > 0) stream->last = (char)stream->buffer[stream->head - 1];
        } else if (stream->ended && stream->pty && !stream->typed) {
            stream->typed = true;
            stream->head = 0;
            stream->tail = (uint32_t)end_of_file(stream, stream->buffer);
        } else if (stream->ended) {
            finish(stream);
            return;
        } else if (!take_input(stream)) {
            return;
        }
    }
    loop_again(&stream->connection);
}

static void pump(struct stream *stream) {
    if (stream->index == STDIN) pump_input(stream);
    else pump_output(stream);
}

static void pipe_ready(struct watch *watch, uint32_t events) {
    struct stream *stream = owner_of(watch, struct stream, pipe);
    if (stream->index == STDIN && (events & (EPOLLERR | EPOLLHUP))) {
        finish(stream); /* nobody holds the reading end any more */
    } else if (stream->state == STREAM_BOUND || stream->state == STREAM_DISCARDED) {
        pump(stream);
    }
}

static void connection_ready(struct watch *watch, uint32_t events) {
    struct stream *stream = owner_of(watch, struct stream, connection);
    if (stream->index != STDIN && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && refuses(stream)) {
        disconnected(stream); /* while a host that merely sends nothing more is fine */
    } else {
        pump(stream);
    }
}

bool stream_open(struct stream *stream, int fd, bool pty, bool claimable, const uint8_t *token) {
    uint32_t events = stream->index == STDIN ? EPOLLOUT : EPOLLIN;
    if (!loop_watch(&stream->pipe, fd, events, pipe_ready)) {
        close(fd);
        return false;
    }
    stream->pty = pty;
    stream->state = claimable ? STREAM_WAITING : STREAM_DISCARDED;
    memcpy(stream->token, token, TOKEN_SIZE);
    return true;
}

bool stream_bind(struct stream *stream, int fd, const uint8_t *token) {
    if (stream->state == STREAM_REPLAY) return replay_bind(stream, fd, token);
    if (stream->state != STREAM_WAITING || !tokens_equal(stream->token, token)) return false;
    void *buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) return false;
    uint32_t events = stream->index == STDIN ? EPOLLIN : EPOLLOUT;
    if (!loop_watch(&stream->connection, fd, events | EPOLLRDHUP, connection_ready)) {
        munmap(buffer, BUFFER_SIZE);
        return false;
    }
    stream->buffer = buffer;
    stream->state = STREAM_BOUND;
    memset(stream->token, 0, TOKEN_SIZE);
    pump(stream);
    return true;
}

void stream_discard(struct stream *stream) {
    if (stream->state == STREAM_REPLAY) {
        replay_close(stream);
        stream->pipe.ready = pipe_ready;
        stream->state = STREAM_WAITING;
    }
    if (stream->state != STREAM_WAITING) return;
    if (stream->index == STDIN) {
        uint8_t characters[2];
        ssize_t typed = stream->pty ? write(stream->pipe.fd, characters, end_of_file(stream, characters)) : 0;
        (void)typed; /* nothing was typed before, so there is room */
        finish(stream);
    } else {
        stream->state = STREAM_DISCARDED;
        pump_output(stream);
    }
}

void stream_last_call(struct stream *stream) {
    if (stream->state == STREAM_CLOSED) return;
    int held = 0;
    if (stream->pipe.fd >= 0 && ioctl(stream->pipe.fd, FIONREAD, &held) < 0) held = 0;
    stream->left = held;
    if (held == 0) loop_close(&stream->pipe);
    if (stream->state == STREAM_REPLAY) replay_pump(stream);
    else if (stream->state != STREAM_WAITING) pump_output(stream);
}

bool stream_drained(const struct stream *stream) {
    return stream->state == STREAM_CLOSED || (stream->state == STREAM_REPLAY && stream->pipe.fd < 0);
}
