#include "frames.h"

#include <string.h>

struct cursor {
    const uint8_t *at, *end;
    const char *wrong; /* the first thing found wrong; reading on yields zeros */
};

static const uint8_t *take(struct cursor *c, uint32_t size) {
    static const uint8_t zeros[ENTROPY_SIZE]; /* the longest field of a fixed size */
    if (c->wrong) return zeros;
    if ((size_t)(c->end - c->at) < size) {
        c->wrong = "body shorter than its fields";
        return zeros;
    }
    const uint8_t *bytes = c->at;
    c->at += size;
    return bytes;
}

static uint64_t little(const uint8_t *bytes, int size) {
    uint64_t value = 0;
    while (size-- > 0) value = value << 8 | bytes[size];
    return value;
}

static uint8_t get_u8(struct cursor *c) { return *take(c, 1); }
static uint16_t get_u16(struct cursor *c) { return (uint16_t)little(take(c, 2), 2); }
static uint32_t get_u32(struct cursor *c) { return (uint32_t)little(take(c, 4), 4); }
static uint64_t get_u64(struct cursor *c) { return little(take(c, 8), 8); }

/* Length of the well-formed character at p (RFC 3629, section 4; NUL is refused), or 0. */
static uint32_t utf8_character(const uint8_t *p, const uint8_t *end) {
    uint8_t first = p[0], low = 0x80, high = 0xbf;
    uint32_t length;
    if (first > 0 && first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) length = 2;
    else if (first >= 0xe0 && first <= 0xef) length = 3;
    else if (first >= 0xf0 && first <= 0xf4) length = 4;
    else return 0;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    if ((size_t)(end - p) < length || p[1] < low || p[1] > high) return 0;
    for (uint32_t i = 2; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

static struct text get_text(struct cursor *c) {
    struct text text = {.length = get_u32(c)};
    text.bytes = c->at;
    if (c->wrong) return (struct text){.bytes = c->at};
    if ((size_t)(c->end - c->at) < text.length) {
        c->wrong = "str longer than the frame";
        return (struct text){.bytes = c->at};
    }
    c->at += text.length;
    for (const uint8_t *p = text.bytes; p < c->at;) {
        uint32_t length = utf8_character(p, c->at);
        if (length == 0) {
            c->wrong = "str is not UTF-8 without NUL";
            break;
        }
        p += length;
    }
    return text;
}

static struct list get_list(struct cursor *c, bool environment) {
    struct list list = {.count = get_u32(c)};
    list.bytes = c->at;
    if (!c->wrong && list.count > (size_t)(c->end - c->at) / 4) c->wrong = "list longer than the frame";
    for (uint32_t i = 0; i < list.count && !c->wrong; i++) {
        struct text text = get_text(c);
        if (!environment || c->wrong) continue;
        const uint8_t *equals = text.length ? memchr(text.bytes, '=', text.length) : NULL;
        if (!equals || equals == text.bytes) c->wrong = "environment entry is not KEY=VALUE";
    }
    list.size = (uint32_t)(c->at - list.bytes);
    return list;
}

static void refuse_unless(struct cursor *c, bool fine, const char *what) {
    if (!fine && !c->wrong) c->wrong = what;
}

static void get_exec(struct cursor *c, struct exec *exec) {
    exec->execution = get_u64(c);
    exec->flags = get_u32(c);
    const uint32_t known = EXEC_PTY | EXEC_LEAVE_GROUP | EXEC_DETACHED | EXEC_MERGE | EXEC_BUILTIN | EXEC_BLOCK |
                           EXEC_USER;
    const bool detached = exec->flags & EXEC_DETACHED;
    refuse_unless(c, (exec->flags & ~known) == 0, "unknown EXEC flag");
    refuse_unless(c, detached || !(exec->flags & EXEC_BLOCK), "only a detached command's outputs can block");
    for (int i = 0; i < STREAMS; i++) {
        exec->stream[i].mode = get_u8(c);
        exec->stream[i].token = take(c, TOKEN_SIZE);
        refuse_unless(c, exec->stream[i].mode <= MODE_REPLAY, "unknown stream mode");
        uint8_t other = detached ? MODE_CONNECTION : MODE_REPLAY; /* the one that does not go with it */
        refuse_unless(c, exec->stream[i].mode != other, "stream mode of another kind of command");
        refuse_unless(c, i > 0 || exec->stream[i].mode != MODE_REPLAY, "a detached command has no stdin");
    }
    refuse_unless(c, !(exec->flags & EXEC_PTY) || exec->stream[2].mode == 0, "a pty has no stderr of its own");
    refuse_unless(c, !(exec->flags & EXEC_MERGE) || exec->stream[2].mode == 0, "merged outputs have no stderr of their own");
    refuse_unless(c, !(exec->flags & EXEC_BUILTIN) || !(exec->flags & EXEC_PTY), "a built-in has no pty");
    exec->output_grace_ms = get_u32(c);
    exec->kill_grace_ms = get_u32(c);
    exec->replay_bytes = get_u32(c);
    refuse_unless(c, detached || exec->replay_bytes == 0, "only a detached command has replay rings");
    exec->rows = get_u16(c);
    exec->columns = get_u16(c);
    exec->cwd = get_text(c);
    exec->argv = get_list(c, false);
    refuse_unless(c, exec->argv.count > 0, "argv is empty");
    exec->env = get_list(c, true);
    if (exec->flags & EXEC_USER) {
        exec->user = get_text(c);
        refuse_unless(c, exec->user.length > 0, "the user is empty");
    }
}

int32_t frame_complete(const uint8_t *bytes, uint32_t have) {
    if (have < FRAME_HEADER) return 0;
    uint64_t length = little(bytes, FRAME_HEADER);
    if (length < 1 || length > FRAME_MAX) return -1;
    return have - FRAME_HEADER < length ? 0 : (int32_t)(FRAME_HEADER + length);
}

const char *frame_decode(const uint8_t *bytes, uint32_t length, struct frame *frame) {
    struct cursor c = {.at = bytes, .end = bytes + length};
    memset(frame, 0, sizeof *frame);
    frame->type = get_u8(&c);
    switch (frame->type) {
    case HELLO:
        frame->version = get_u16(&c);
        break;
    case BOOT:
        frame->boot.root = get_u8(&c);
        frame->boot.hostname = get_text(&c);
        frame->boot.env = get_list(&c, true);
        break;
    case EXEC:
        get_exec(&c, &frame->exec);
        break;
    case SIGNAL:
        frame->signal.execution = get_u64(&c);
        frame->signal.number = get_u32(&c);
        frame->signal.group = get_u8(&c);
        refuse_unless(&c, frame->signal.number >= 1 && frame->signal.number <= 64, "signal is not 1 to 64");
        refuse_unless(&c, frame->signal.group <= 1, "group is not 0 or 1");
        break;
    case RESIZE:
        frame->resize.execution = get_u64(&c);
        frame->resize.rows = get_u16(&c);
        frame->resize.columns = get_u16(&c);
        break;
    case PING:
        frame->nonce = get_u64(&c);
        break;
    case SHUTDOWN:
        break;
    case DISCARD:
        frame->discard.execution = get_u64(&c);
        frame->discard.stream = get_u8(&c);
        refuse_unless(&c, frame->discard.stream < STREAMS, "stream is not 0 to 2");
        break;
    case ATTACH:
        frame->attach.execution = get_u64(&c);
        frame->attach.stream = get_u8(&c);
        frame->attach.token = take(&c, TOKEN_SIZE);
        frame->attach.from = get_u64(&c);
        refuse_unless(&c, frame->attach.stream < STREAMS, "stream is not 0 to 2");
        break;
    case SCRATCH:
        frame->serial = get_text(&c);
        break;
    case ROOT:
        frame->root.flags = get_u8(&c);
        frame->root.type = get_text(&c);
        frame->root.source = get_text(&c);
        refuse_unless(&c, (frame->root.flags & ~(ROOT_READ_ONLY | ROOT_SWITCH)) == 0, "unknown ROOT flag");
        break;
    case SHARE:
        frame->share.flags = get_u8(&c);
        frame->share.tag = get_text(&c);
        refuse_unless(&c, (frame->share.flags & ~SHARE_READ_ONLY) == 0, "unknown SHARE flag");
        break;
    case NET:
        memcpy(&frame->net.address, take(&c, 4), 4);
        frame->net.prefix = get_u8(&c);
        memcpy(&frame->net.gateway, take(&c, 4), 4);
        memcpy(&frame->net.nameserver, take(&c, 4), 4);
        refuse_unless(&c, frame->net.prefix <= 32, "prefix is not 0 to 32");
        break;
    case TRUST:
        frame->certificates = get_list(&c, false);
        break;
    case RESTORE:
        frame->restore.wall_ns = get_u64(&c);
        frame->restore.entropy = take(&c, ENTROPY_SIZE);
        frame->restore.instance = take(&c, INSTANCE_SIZE);
        frame->restore.hostname = get_text(&c);
        frame->restore.env = get_list(&c, true);
        refuse_unless(&c, frame->restore.wall_ns <= INT64_MAX, "the time is beyond 2^63 ns");
        break;
    case INSTANCE:
        frame->instance = take(&c, INSTANCE_SIZE);
        break;
    case RELEASE:
        frame->released = get_u64(&c);
        break;
    case FORWARD:
        frame->forward.id = get_u64(&c);
        frame->forward.token = take(&c, TOKEN_SIZE);
        frame->forward.port = get_u16(&c);
        break;
    default:
        return "unknown frame type";
    }
    /* A HELLO of another version may have grown; only its version matters. */
    if (!(frame->type == HELLO && frame->version != PROTOCOL_VERSION)) {
        refuse_unless(&c, c.at == c.end, "body longer than its fields");
    }
    return c.wrong;
}

void claim_decode(const uint8_t *bytes, struct opening_claim *claim) {
    claim->execution = little(bytes, 8);
    claim->stream = bytes[8];
    claim->token = bytes + 9;
}

bool tokens_equal(const uint8_t *a, const uint8_t *b) {
    volatile uint8_t difference = 0;
    for (int i = 0; i < TOKEN_SIZE; i++) difference |= a[i] ^ b[i];
    return difference == 0;
}

bool list_next(struct list *list, struct text *text) {
    if (list->count == 0) return false;
    list->count--;
    text->length = (uint32_t)little(list->bytes, 4);
    text->bytes = list->bytes + 4;
    list->bytes += 4 + text->length;
    list->size -= 4 + text->length;
    return true;
}

static void put(struct writer *w, uint64_t value, int size) {
    for (; size > 0; size--, value >>= 8) w->bytes[w->size++] = (uint8_t)value;
}

void put_u8(struct writer *w, uint8_t value) { put(w, value, 1); }
void put_u16(struct writer *w, uint16_t value) { put(w, value, 2); }
void put_u32(struct writer *w, uint32_t value) { put(w, value, 4); }
void put_u64(struct writer *w, uint64_t value) { put(w, value, 8); }

void put_raw(struct writer *w, const uint8_t *bytes, uint32_t size) {
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

void put_token(struct writer *w, const uint8_t token[TOKEN_SIZE]) { put_raw(w, token, TOKEN_SIZE); }

size_t text_cut(const char *text, size_t most) {
    size_t length = strnlen(text, most), last = length;
    while (last > 0 && length - last < 4 && ((uint8_t)text[last - 1] & 0xc0) == 0x80) last--;
    bool whole = last == 0 || utf8_character((const uint8_t *)text + last - 1, (const uint8_t *)text + length) > 0;
    return whole ? length : last - 1;
}

void put_text(struct writer *w, const char *text) {
    size_t length = text_cut(text, TEXT_MAX);
    put_u32(w, (uint32_t)length);
    memcpy(w->bytes + w->size, text, length);
    w->size += (uint32_t)length;
}

void frame_begin(struct writer *w, enum frame_type type) {
    w->start = w->size;
    put_u32(w, 0);
    put_u8(w, (uint8_t)type);
}

void frame_end(struct writer *w) {
    uint32_t end = w->size;
    w->size = w->start;
    put_u32(w, end - w->start - FRAME_HEADER);
    w->size = end;
}
