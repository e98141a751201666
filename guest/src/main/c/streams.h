/*
 * The pumps: what copies between a command's pipes (or pty) and its data connections.
 *
 * Each stream has a buffer of its own and moves on alone, so a slow reader stops one pipe and nothing else.
 * An output is WAITING until its connection is bound or it is discarded: nothing is read meanwhile, so the
 * pipe's 64 KiB hold the command back. One of a detached command is in REPLAY until it is discarded: see replay.h.
 */
#ifndef VMETTE_STREAMS_H
#define VMETTE_STREAMS_H

#include "frames.h"
#include "loop.h"
#include "replay.h"

enum { STDIN, STDOUT, STDERR };
enum stream_state { STREAM_CLOSED, STREAM_WAITING, STREAM_BOUND, STREAM_DISCARDED, STREAM_REPLAY };

struct execution;

struct stream {
    struct execution *execution;
    struct watch pipe, connection;
    enum stream_state state;
    uint8_t index;
    bool pty;
    bool blocked;    /* output: the connection takes nothing at the moment */
    bool ended;      /* stdin: the host has sent its last byte */
    bool typed;      /* stdin of a pty: its end of file has been typed */
    char last;       /* stdin: the last byte passed on */
    uint64_t passed; /* output: bytes that the connection has taken */
    int64_t left;    /* output: bytes still to be taken from the pipe, -1 without limit */
    uint8_t *buffer; /* while bound */
    uint32_t head, tail;
    uint8_t token[TOKEN_SIZE];
    struct replay replay;
};

/* Makes the stream CLOSED, whatever was in its memory. */
void stream_init(struct stream *, struct execution *, uint8_t index);

/* Takes the agent's end of a pipe (non-blocking), which is closed on failure too. claimable: waits; else discarded. */
bool stream_open(struct stream *, int fd, bool pty, bool claimable, const uint8_t *token);

/* Binds a data connection whose claim matches; takes fd if it returns true. */
bool stream_bind(struct stream *, int fd, const uint8_t *token);

/* Nobody will claim it, or attach to it any more. No effect on a stream that is bound or closed. */
void stream_discard(struct stream *);

/* Its connection is lost with all others. An output goes on into a ring if the execution is detached by now; else as if refused. */
void stream_unplugged(struct stream *);

/* For an output when the grace is over: what the pipe holds now is all that will be taken. */
void stream_last_call(struct stream *);

/* Whether no more will be taken from the command. */
bool stream_drained(const struct stream *);

/* Closes both sides at once, without settling the execution. */
void stream_abort(struct stream *);

#endif
