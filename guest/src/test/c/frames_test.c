/* The frame codec: examples, every truncation, and mutated frames under the sanitizers. */
#include "frames.h"

#include <string.h>
#include <time.h>

#include "check.h"

const char *test_name;

static uint8_t bytes[4096];
static struct writer w = {.bytes = bytes};
static const uint8_t token[TOKEN_SIZE] = "0123456789abcde";

static void begin(uint8_t type) {
    w.size = 0;
    frame_begin(&w, type);
}

static const char *decode(struct frame *frame) {
    frame_end(&w);
    check_equal(frame_complete(bytes, w.size), w.size);
    return frame_decode(bytes + FRAME_HEADER, w.size - FRAME_HEADER, frame);
}

static uint8_t modes[2] = {1, 1}; /* of stdin and stdout */
static uint32_t replay_bytes;

static void put_exec(uint32_t flags, uint8_t mode2) {
    begin(EXEC);
    put_u64(&w, 0x1122334455667788);
    put_u32(&w, flags);
    for (int i = 0; i < STREAMS; i++) {
        put_u8(&w, i == 2 ? mode2 : modes[i]);
        for (int j = 0; j < TOKEN_SIZE; j++) put_u8(&w, token[j]);
    }
    put_u32(&w, 100);
    put_u32(&w, 200);
    put_u32(&w, replay_bytes);
    put_u16(&w, 24);
    put_u16(&w, 80);
    put_text(&w, "/tmp");
    put_u32(&w, 3);
    put_text(&w, "echo");
    put_text(&w, "");
    put_text(&w, "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80");
    put_u32(&w, 1);
    put_text(&w, "A=b");
}

static void exec_is_decoded(void) {
    struct frame frame;
    struct text text;
    put_exec(EXEC_LEAVE_GROUP, 1);
    check(decode(&frame) == NULL);
    check_equal(frame.type, EXEC);
    check(frame.exec.execution == 0x1122334455667788);
    check_equal(frame.exec.flags, EXEC_LEAVE_GROUP);
    check_equal(frame.exec.stream[2].mode, 1);
    check(memcmp(frame.exec.stream[1].token, token, TOKEN_SIZE) == 0);
    check_equal(frame.exec.kill_grace_ms, 200);
    check_equal(frame.exec.columns, 80);
    check_equal(frame.exec.cwd.length, 4);
    check_equal(frame.exec.argv.count, 3);
    check(list_next(&frame.exec.argv, &text) && text.length == 4 && memcmp(text.bytes, "echo", 4) == 0);
    check(list_next(&frame.exec.argv, &text) && text.length == 0);
    check(list_next(&frame.exec.argv, &text) && text.length == 16);
    check(!list_next(&frame.exec.argv, &text));
    check_equal(frame.exec.argv.size, 0);
    check_equal(frame.exec.env.count, 1);
}

static void every_truncation_and_every_surplus_is_refused(void) {
    struct frame frame;
    put_exec(0, 1);
    check(decode(&frame) == NULL);
    for (uint32_t length = 1; length < w.size - FRAME_HEADER; length++) {
        uint8_t *exact = malloc(length); /* the sanitizer sees a read past its end */
        memcpy(exact, bytes + FRAME_HEADER, length);
        check_says(frame_decode(exact, length, &frame) != NULL, "truncated to %u", length);
        free(exact);
    }
    put_u8(&w, 0);
    check(strcmp(decode(&frame), "body longer than its fields") == 0);
}

static void lengths_out_of_range_are_refused(void) {
    uint8_t header[4] = {0, 0, 0, 0};
    check_equal(frame_complete(header, 3), 0);
    check_equal(frame_complete(header, 4), -1);
    memcpy(header, "\x00\x00\x10\x00", 4);
    check_equal(frame_complete(header, 4), 0);
    memcpy(header, "\x01\x00\x10\x00", 4);
    check_equal(frame_complete(header, 4), -1);
    memcpy(header, "\xff\xff\xff\xff", 4);
    check_equal(frame_complete(header, 4), -1);
}

static void refused_exec(uint32_t flags, uint8_t mode2, const char *why) {
    struct frame frame;
    put_exec(flags, mode2);
    const char *wrong = decode(&frame);
    check_says(wrong && strcmp(wrong, why) == 0, "%s", wrong ? wrong : "accepted");
}

static void values_out_of_range_are_refused(void) {
    struct frame frame;
    refused_exec(0x8000, 1, "unknown EXEC flag");
    refused_exec(EXEC_PTY, 1, "a pty has no stderr of its own");
    refused_exec(EXEC_MERGE, 1, "merged outputs have no stderr of their own");
    refused_exec(EXEC_BUILTIN | EXEC_PTY, 0, "a built-in has no pty");
    refused_exec(0, 3, "unknown stream mode");
    for (uint32_t signal = 0; signal <= 65; signal += 65) {
        begin(SIGNAL);
        put_u64(&w, 1);
        put_u32(&w, signal);
        put_u8(&w, 0);
        check(strcmp(decode(&frame), "signal is not 1 to 64") == 0);
    }
    begin(DISCARD);
    put_u64(&w, 1);
    put_u8(&w, 3);
    check(decode(&frame) != NULL);
    begin(0x7f);
    check(strcmp(decode(&frame), "unknown frame type") == 0);
    begin(AGENT_HELLO);
    check(decode(&frame) != NULL);
}

static void forward_is_decoded(void) {
    struct frame frame;
    begin(FORWARD);
    put_u64(&w, 0x1122334455667788);
    for (int i = 0; i < TOKEN_SIZE; i++) put_u8(&w, token[i]);
    put_u16(&w, 8080);
    check(decode(&frame) == NULL);
    check_equal(frame.type, 0x0b);
    check(frame.forward.id == 0x1122334455667788);
    check(tokens_equal(frame.forward.token, token));
    check_equal(frame.forward.port, 8080);
    put_u8(&w, 0);
    check(strcmp(decode(&frame), "body longer than its fields") == 0);
    w.size -= 2;
    check(strcmp(decode(&frame), "body shorter than its fields") == 0);
}

static void trust_is_decoded(void) {
    struct frame frame;
    struct text text;
    begin(TRUST);
    put_u32(&w, 2);
    put_text(&w, "one\n");
    put_text(&w, "two\n");
    check(decode(&frame) == NULL);
    check_equal(frame.type, 0x10);
    check_equal(frame.certificates.count, 2);
    check_equal(frame.certificates.size, 16);
    check(list_next(&frame.certificates, &text) && text.length == 4 && memcmp(text.bytes, "one\n", 4) == 0);
    check(list_next(&frame.certificates, &text) && memcmp(text.bytes, "two\n", 4) == 0);
    put_u8(&w, 0);
    check(strcmp(decode(&frame), "body longer than its fields") == 0);
    w.size -= 2;
    check(strcmp(decode(&frame), "str longer than the frame") == 0);
    begin(TRUST);
    put_u32(&w, 1);
    check(strcmp(decode(&frame), "list longer than the frame") == 0);
    begin(TRUST);
    put_u32(&w, 1);
    put_u32(&w, 1);
    put_u8(&w, 0);
    check(strcmp(decode(&frame), "str is not UTF-8 without NUL") == 0);
}

static const char *put_restore(struct frame *frame, uint64_t wall, const char *entry) {
    begin(RESTORE);
    put_u64(&w, wall);
    for (uint8_t i = 0; i < ENTROPY_SIZE; i++) put_u8(&w, i);
    put_raw(&w, token, INSTANCE_SIZE);
    put_text(&w, "vm");
    put_u32(&w, 1);
    put_text(&w, entry);
    return decode(frame);
}

static void restore_and_instance_are_decoded(void) {
    struct frame frame;
    struct text text;
    check(put_restore(&frame, 0x0102030405060708, "A=b") == NULL);
    check_equal(frame.type, 0x11);
    check(frame.restore.wall_ns == 0x0102030405060708);
    check(frame.restore.entropy[0] == 0 && frame.restore.entropy[ENTROPY_SIZE - 1] == ENTROPY_SIZE - 1);
    check(memcmp(frame.restore.instance, token, INSTANCE_SIZE) == 0);
    check(frame.restore.hostname.length == 2 && memcmp(frame.restore.hostname.bytes, "vm", 2) == 0);
    check(list_next(&frame.restore.env, &text) && memcmp(text.bytes, "A=b", 3) == 0);
    for (uint32_t length = 1; length < w.size - FRAME_HEADER; length++) {
        uint8_t *exact = malloc(length);
        memcpy(exact, bytes + FRAME_HEADER, length);
        check_says(frame_decode(exact, length, &frame) != NULL, "truncated to %u", length);
        check(length >= 1 + 8 + ENTROPY_SIZE || frame.restore.entropy[ENTROPY_SIZE - 1] == 0); /* never beyond the frame */
        free(exact);
    }
    check(strcmp(put_restore(&frame, 1ull << 63, "A=b"), "the time is beyond 2^63 ns") == 0);
    check(strcmp(put_restore(&frame, 1, "b"), "environment entry is not KEY=VALUE") == 0);
    begin(INSTANCE);
    put_raw(&w, token, INSTANCE_SIZE);
    check(decode(&frame) == NULL);
    check_equal(frame.type, 0x12);
    check(memcmp(frame.instance, token, INSTANCE_SIZE) == 0);
    w.size--;
    check(strcmp(decode(&frame), "body shorter than its fields") == 0);
}

static void tokens_differ_in_any_byte(void) {
    uint8_t other[TOKEN_SIZE];
    for (int i = 0; i < TOKEN_SIZE; i++) {
        memcpy(other, token, TOKEN_SIZE);
        other[i] ^= 0x80;
        check(!tokens_equal(other, token));
    }
}

static void a_detached_exec_has_rings_and_no_connections(void) {
    struct frame frame;
    refused_exec(EXEC_BLOCK, 1, "only a detached command's outputs can block");
    refused_exec(EXEC_DETACHED, 2, "stream mode of another kind of command");
    refused_exec(0, 2, "stream mode of another kind of command");
    modes[0] = 2;
    refused_exec(EXEC_DETACHED, 2, "a detached command has no stdin");
    modes[0] = 0;
    modes[1] = 2;
    replay_bytes = 0xffffffff; /* how much there may be is no matter of the frame's */
    put_exec(EXEC_DETACHED | EXEC_BLOCK, 2);
    check(decode(&frame) == NULL);
    check_equal(frame.exec.replay_bytes, 0xffffffff);
    modes[0] = modes[1] = 1;
    refused_exec(0, 1, "only a detached command has replay rings");
    replay_bytes = 0;
}

static void attach_and_release_are_decoded(void) {
    struct frame frame;
    for (uint8_t stream = 0; stream <= 3; stream++) {
        begin(ATTACH);
        put_u64(&w, 7);
        put_u8(&w, stream);
        put_token(&w, token);
        put_u64(&w, 0xfedcba9876543210);
        check_equal(decode(&frame) == NULL, stream < 3);
        check_equal(frame.attach.stream, stream);
        check(frame.attach.execution == 7 && frame.attach.from == 0xfedcba9876543210);
        check(memcmp(frame.attach.token, token, TOKEN_SIZE) == 0);
    }
    begin(RELEASE);
    put_u64(&w, 0x1122334455667788);
    check(decode(&frame) == NULL);
    check(frame.released == 0x1122334455667788);
}

static const char *boot_with(const char *hostname, const char *entry) {
    struct frame frame;
    begin(BOOT);
    put_u8(&w, 0);
    put_u32(&w, (uint32_t)strlen(hostname));
    for (; *hostname; hostname++) put_u8(&w, (uint8_t)*hostname);
    put_u32(&w, 1);
    put_text(&w, entry);
    return decode(&frame);
}

static void texts_are_utf8_and_entries_have_keys(void) {
    check(boot_with("caf\xc3\xa9", "KEY=") == NULL);
    const char *malformed[] = {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "a\x80"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) check(boot_with(malformed[i], "A=b") != NULL);
    check(boot_with("", "=b") != NULL);
    check(boot_with("", "b") != NULL);
    check(boot_with("", "") != NULL);
    struct frame frame;
    begin(BOOT); /* a NUL in the hostname */
    put_u8(&w, 0);
    put_u32(&w, 1);
    put_u8(&w, 0);
    put_u32(&w, 0);
    check(decode(&frame) != NULL);
    begin(BOOT); /* more entries than bytes */
    put_u8(&w, 0);
    put_u32(&w, 0);
    put_u32(&w, 0xffffffff);
    check(strcmp(decode(&frame), "list longer than the frame") == 0);
}

static void a_hello_of_another_version_may_be_longer(void) {
    struct frame frame;
    begin(HELLO);
    put_u16(&w, 9);
    put_u64(&w, 1);
    check(decode(&frame) == NULL);
    check_equal(frame.version, 9);
    begin(HELLO);
    put_u16(&w, PROTOCOL_VERSION);
    put_u8(&w, 1);
    check(decode(&frame) != NULL);
}

static void texts_are_cut_between_characters(void) {
    check_equal(text_cut("abc", 2), 2);
    check_equal(text_cut("a\xc3\xa9", 2), 1);
    check_equal(text_cut("a\xc3\xa9", 3), 3);
    check_equal(text_cut("\xf0\x9f\x98\x80", 3), 0);
    check_equal(text_cut("", 5), 0);
}

static uint64_t state = 0x9e3779b97f4a7c15;
static uint32_t chance(uint32_t below) { /* xorshift64*, the same sequence each run */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 33) % below;
}

static void use(const uint8_t *body, uint32_t length, struct frame *frame) {
    struct text text;
    if (frame->type == RESTORE) check(frame->restore.entropy + ENTROPY_SIZE <= body + length);
    if (frame->type != EXEC) return;
    struct list *lists[] = {&frame->exec.argv, &frame->exec.env};
    for (int i = 0; i < 2; i++) {
        while (list_next(lists[i], &text)) {
            check(text.bytes - 4 >= body && text.bytes + text.length <= body + length);
            check(memchr(text.bytes, 0, text.length) == NULL);
        }
        check_equal(lists[i]->size, 0);
    }
}

static void mutated_frames_never_read_outside_themselves(void) {
    static const uint32_t nasty[] = {0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
    uint32_t accepted = 0;
    for (int i = 0; i < 300000; i++) {
        struct frame frame;
        if (chance(4)) {
            put_exec(chance(4), (uint8_t)chance(2));
        } else {
            begin((uint8_t)(1 + chance(INSTANCE)));
            for (uint32_t n = chance(120); n > 0; n--) put_u8(&w, (uint8_t)(chance(2) ? 0 : chance(256)));
        }
        frame_end(&w);
        uint32_t length = w.size - FRAME_HEADER;
        for (uint32_t n = chance(4); n > 0; n--) {
            uint32_t at = chance(length);
            uint32_t value = nasty[chance(7)];
            if (chance(2)) bytes[FRAME_HEADER + at] = (uint8_t)chance(256);
            else memcpy(bytes + FRAME_HEADER + at, &value, length - at < 4 ? length - at : 4);
        }
        if (!chance(3)) length = 1 + chance(length);
        uint8_t *exact = malloc(length);
        memcpy(exact, bytes + FRAME_HEADER, length);
        if (frame_decode(exact, length, &frame) == NULL) {
            accepted++;
            use(exact, length, &frame);
        }
        free(exact);
    }
    check_says(accepted > 10000 && accepted < 290000, "%u of 300000 accepted: the fuzzing has lost its edge", accepted);
}

int main(void) {
    run(exec_is_decoded);
    run(every_truncation_and_every_surplus_is_refused);
    run(lengths_out_of_range_are_refused);
    run(values_out_of_range_are_refused);
    run(forward_is_decoded);
    run(trust_is_decoded);
    run(restore_and_instance_are_decoded);
    run(tokens_differ_in_any_byte);
    run(a_detached_exec_has_rings_and_no_connections);
    run(attach_and_release_are_decoded);
    run(texts_are_utf8_and_entries_have_keys);
    run(a_hello_of_another_version_may_be_longer);
    run(texts_are_cut_between_characters);
    run(mutated_frames_never_read_outside_themselves);
    return 0;
}
