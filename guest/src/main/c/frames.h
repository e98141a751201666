/*
 * The frames of docs/guest-protocol.md: a decoder that checks every length before it uses it and an encoder
 * into bounded memory. Decoded texts and lists point into the frame they came from.
 */
#ifndef VMETTE_FRAMES_H
#define VMETTE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 2
#define FRAME_HEADER 4
#define FRAME_MAX 1048576 /* of type and body */
#define TOKEN_SIZE 16
#define ENTROPY_SIZE 64
#define INSTANCE_SIZE 16
#define STREAMS 3
#define SOCKET 3 /* the stream number of a forward's data connection */

enum frame_type {
    HELLO = 0x01, BOOT, EXEC, SIGNAL, RESIZE, PING, SHUTDOWN, DISCARD, ATTACH, RELEASE, FORWARD,
    SCRATCH, ROOT, SHARE, NET, TRUST, RESTORE, INSTANCE,
    AGENT_HELLO = 0x81, READY, AGENT_ERROR, STARTED, EXEC_FAILED, PONG, EXITED, ATTACHED, FORWARDED, RESTORED,
};

enum exited_flag { EXITED_OOM_KILLED = 1 };
enum error_code { ERROR_VERSION = 1, ERROR_FRAME = 2, ERROR_BOOT = 3, ERROR_RESTORE = 4 };
enum exec_flag {
    EXEC_PTY = 1, EXEC_LEAVE_GROUP = 2, EXEC_DETACHED = 4, EXEC_MERGE = 8, EXEC_BUILTIN = 16, EXEC_BLOCK = 32,
    EXEC_USER = 64,
};
enum root_flag { ROOT_READ_ONLY = 1, ROOT_SWITCH = 2 };
enum share_flag { SHARE_READ_ONLY = 1 };
enum stream_mode { MODE_NONE, MODE_CONNECTION, MODE_REPLAY };

/* Bytes of a str. Its u32 length stands in the four bytes before, so a copy of the frame can be terminated in place. */
struct text {
    const uint8_t *bytes;
    uint32_t length;
};

/* A list<str> that has been checked: count texts, each behind its length. */
struct list {
    const uint8_t *bytes;
    uint32_t size, count;
};

struct boot {
    uint8_t root;
    struct text hostname;
    struct list env;
};

struct exec {
    uint64_t execution;
    uint32_t flags;
    struct { uint8_t mode; const uint8_t *token; } stream[STREAMS];
    uint32_t output_grace_ms, kill_grace_ms, replay_bytes;
    uint16_t rows, columns;
    struct text cwd;
    struct list argv, env;
    struct text user; /* empty without EXEC_USER */
};

struct root {
    uint8_t flags;
    struct text type, source;
};

struct net {
    uint32_t address, gateway, nameserver; /* IPv4, in network order */
    uint8_t prefix;                        /* bits of the network's part */
};

struct restore {
    uint64_t wall_ns;         /* CLOCK_REALTIME, below 2^63 */
    const uint8_t *entropy;   /* ENTROPY_SIZE bytes */
    const uint8_t *instance;  /* INSTANCE_SIZE bytes */
    struct text hostname;
    struct list env;
};

struct attach {
    uint64_t execution, from;
    uint8_t stream;
    const uint8_t *token;
};

struct frame {
    uint8_t type;
    union {
        uint16_t version;
        struct boot boot;
        struct text serial;
        struct root root;
        struct net net;
        struct { uint8_t flags; struct text tag; } share;
        struct list certificates;
        struct restore restore;
        const uint8_t *instance; /* INSTANCE_SIZE bytes */
        struct exec exec;
        struct { uint64_t execution; uint32_t number; uint8_t group; } signal;
        struct { uint64_t execution; uint16_t rows, columns; } resize;
        struct { uint64_t execution; uint8_t stream; } discard;
        struct attach attach;
        uint64_t released;
        struct { uint64_t id; const uint8_t *token; uint16_t port; } forward;
        uint64_t nonce;
    };
};

struct opening_claim {
    uint64_t execution;
    uint8_t stream;
    const uint8_t *token;
};
#define CLAIM_SIZE (8 + 1 + TOKEN_SIZE)

/*
 * Size of the whole frame that starts at bytes, of which `have` are there: 0 when more are needed to tell or
 * to complete it, -1 when its length is out of range.
 */
int32_t frame_complete(const uint8_t *bytes, uint32_t have);

/* Decodes type and body of one whole frame (without its length). NULL, or what is wrong with it. */
const char *frame_decode(const uint8_t *bytes, uint32_t length, struct frame *frame);

/* What follows VMTD; CLAIM_SIZE bytes. */
void claim_decode(const uint8_t *bytes, struct opening_claim *claim);

/* Compares in constant time. */
bool tokens_equal(const uint8_t *, const uint8_t *);

/* Takes the next text off a checked list. False at its end. */
bool list_next(struct list *list, struct text *text);

/* Encoder: the caller has made sure of the room. */
struct writer {
    uint8_t *bytes;
    uint32_t size, start;
};

void frame_begin(struct writer *, enum frame_type type);
void put_u8(struct writer *, uint8_t);
void put_u16(struct writer *, uint16_t);
void put_u32(struct writer *, uint32_t);
void put_u64(struct writer *, uint64_t);
void put_raw(struct writer *, const uint8_t *bytes, uint32_t size);
void put_token(struct writer *, const uint8_t token[TOKEN_SIZE]);
void put_text(struct writer *, const char *text); /* at most TEXT_MAX bytes of it */
void frame_end(struct writer *);

/* Bytes of the text that fit into `most` without cutting a character. */
size_t text_cut(const char *text, size_t most);

#define TEXT_MAX 512
#define REPLY_MAX 640 /* the longest frame of the agent: a RESTORED with a full text */

#endif
