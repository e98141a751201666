/* with: frames.c
 * The input is what a host sends: every frame is decoded, or refused for a reason; what is decoded lies inside the frame. */
#include "frames.h"

#include "fuzz.h"

struct range {
    const uint8_t *start, *end;
};

static void inside(struct range frame, const uint8_t *bytes, size_t size) {
    must(bytes >= frame.start && bytes <= frame.end && size <= (size_t)(frame.end - bytes));
}

static void check_text(struct range frame, struct text text) {
    inside(frame, text.bytes - 4, (size_t)text.length + 4);
    must(!memchr(text.bytes, 0, text.length));
    char *copy = malloc((size_t)text.length + 1);
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = 0;
    for (size_t most = 0; most <= text.length && most < 12; most++) {
        size_t cut = text_cut(copy, most);
        must(cut <= most && most - cut < 4);
        must(cut == text.length || ((uint8_t)copy[cut] & 0xc0) != 0x80);
    }
    uint8_t room[REPLY_MAX];
    struct writer w = {.bytes = room};
    frame_begin(&w, AGENT_ERROR);
    put_u16(&w, 1);
    put_u32(&w, 2);
    put_text(&w, copy);
    frame_end(&w);
    must(w.size <= REPLY_MAX && frame_complete(room, w.size) == (int32_t)w.size);
    free(copy);
}

static void check_list(struct range frame, struct list list, int environment) {
    inside(frame, list.bytes, list.size);
    struct range body = {list.bytes, list.bytes + list.size};
    uint32_t count = 0, expected = list.count;
    for (struct text text; list_next(&list, &text); count++) {
        check_text(body, text);
        must(!environment || (text.length > 1 && text.bytes[0] != '=' && memchr(text.bytes, '=', text.length)));
    }
    must(count == expected && list.size == 0 && list.bytes == body.end);
}

static void check_exec(struct range frame, const struct exec *exec) {
    must(!(exec->flags & EXEC_PTY) || exec->stream[2].mode == 0);
    for (int i = 0; i < STREAMS; i++) {
        must(exec->stream[i].mode <= MODE_REPLAY);
        inside(frame, exec->stream[i].token, TOKEN_SIZE);
    }
    must(exec->argv.count > 0);
    check_text(frame, exec->cwd);
    check_list(frame, exec->argv, 0);
    check_list(frame, exec->env, 1);
    must((exec->user.length > 0) == ((exec->flags & EXEC_USER) != 0));
    if (exec->user.length > 0) check_text(frame, exec->user);
}

static void check_frame(const uint8_t *bytes, uint32_t length) {
    struct frame frame;
    struct range range = {bytes, bytes + length};
    const char *wrong = frame_decode(bytes, length, &frame);
    if (wrong) {
        must(*wrong);
        return;
    }
    switch (frame.type) {
    case BOOT:
        check_text(range, frame.boot.hostname);
        check_list(range, frame.boot.env, 1);
        break;
    case EXEC:
        check_exec(range, &frame.exec);
        break;
    case SIGNAL:
        must(frame.signal.number >= 1 && frame.signal.number <= 64 && frame.signal.group <= 1);
        break;
    case SCRATCH:
        check_text(range, frame.serial);
        break;
    case ROOT:
        must(frame.root.flags <= (ROOT_READ_ONLY | ROOT_SWITCH));
        check_text(range, frame.root.type);
        check_text(range, frame.root.source);
        break;
    case TRUST:
        check_list(range, frame.certificates, 0);
        break;
    case NET:
        must(frame.net.prefix <= 32);
        break;
    case RESTORE:
        must(frame.restore.wall_ns <= INT64_MAX);
        inside(range, frame.restore.entropy, ENTROPY_SIZE);
        inside(range, frame.restore.instance, INSTANCE_SIZE);
        check_text(range, frame.restore.hostname);
        check_list(range, frame.restore.env, 1);
        break;
    case INSTANCE:
        inside(range, frame.instance, INSTANCE_SIZE);
        break;
    case SHARE:
        must(frame.share.flags <= SHARE_READ_ONLY);
        check_text(range, frame.share.tag);
        break;
    case DISCARD:
        must(frame.discard.stream < STREAMS);
        break;
    default:
        must(frame.type >= HELLO && frame.type <= 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t used = 0;
    for (;;) {
        int32_t whole = frame_complete(data + used, (uint32_t)size - used);
        must(whole >= -1 && whole <= FRAME_HEADER + FRAME_MAX && (whole <= 0 || (size_t)whole <= size - used));
        if (whole <= 0) return 0;
        must(whole > FRAME_HEADER);
        /* an array of just this size, so that the sanitizer sees a read past its end */
        uint8_t *exact = malloc((size_t)whole - FRAME_HEADER);
        memcpy(exact, data + used + FRAME_HEADER, (size_t)whole - FRAME_HEADER);
        check_frame(exact, (uint32_t)whole - FRAME_HEADER);
        free(exact);
        used += (uint32_t)whole;
    }
}
