/*
 * Outputs of detached commands: the pipe is read into a ring, and a host attaches to it from an offset.
 *
 * `keep` is what makes nothing get lost unseen: while a host is attached, and always with BLOCK, no byte from there on
 * is overwritten. It is where the attachment began and moves on with what the host acknowledges, so the ring is the
 * window of the attachment, and a connection that breaks costs only bytes that the host has already got.
 */
#ifndef VMETTE_REPLAY_H
#define VMETTE_REPLAY_H

#include "frames.h"
#include "loop.h"
#include "ring.h"

#define REPLAY_MAX (64u << 20) /* bytes of one ring */
#define REPLAY_ADOPTED (256u << 10) /* of one that no EXEC has asked for; more than a stream's buffer holds */

struct stream;

/* What an ATTACHED frame says; all but the first two are the end of an attachment. */
enum attachment_news { NEWS_ATTACHED, NEWS_REFUSED, NEWS_ENDED, NEWS_TAKEN_OVER, NEWS_RELEASED, NEWS_BROKEN };
enum attachment { ATTACHMENT_NONE, ATTACHMENT_AWAITED, ATTACHMENT_CONNECTED };

struct replay {
    struct ring ring;
    bool block;
    enum attachment attachment;
    struct timer patience; /* until the awaited connection comes */
    uint64_t keep, sent;
    uint8_t token[TOKEN_SIZE]; /* of the attachment, also of the one that `news` is about */
    uint8_t ack[8];
    uint32_t ack_size;
    enum attachment_news news; /* owed to the host when not NEWS_ATTACHED */
};

/* Whether the agent can hold the rings that a command asks for. False: errno and why (WHY_MAX bytes). */
bool replay_affordable(const struct exec *, char *why);

/* Takes the agent's end of a pipe (non-blocking), which is closed on failure too. */
bool replay_open(struct stream *, int fd, uint32_t size, bool block);

/*
 * Takes over an output that no connection takes any more: a ring of its own with BLOCK, that holds these bytes, the first of which has this
 * offset. False: there is no memory for it, and nothing has changed.
 */
bool replay_adopt(struct stream *, uint64_t offset, const uint8_t *bytes, uint32_t size);

/* Obeys ATTACH; answers into the writer, which has room for REPLY_MAX bytes. */
void replay_attach(struct writer *, const struct attach *);

/* Binds the awaited data connection; takes fd if it returns true. */
bool replay_bind(struct stream *, int fd, const uint8_t *token);

/* Copies what can be copied: pipe to ring, ring to connection. */
void replay_pump(struct stream *);

/* Ends the attachment, if there is one, and gives the ring's memory back; the pipe stays. */
void replay_close(struct stream *);

/* Writes the news that the stream owes, if any. */
void replay_put_news(struct writer *, struct stream *);

#endif
