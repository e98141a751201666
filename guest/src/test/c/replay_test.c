/* Detached commands: rings, attachments from an offset, and what is never lost unseen; against a whole agent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "replaying.h"

static void an_output_is_had_from_any_offset_even_after_the_end(void) {
    host_start(control, DETACHED(65536), pattern(16000));
    host_exited(control, id, 0, 0);
    const uint64_t from[] = {0, 1, 8000, 15999, 16000, 0};
    for (uint8_t i = 0; i < 6; i++) {
        uint64_t offset;
        int fd = attached(id, 1, i, from[i], &offset);
        check_equal(offset, from[i]);
        check_equal(follow(fd, offset, UINT64_MAX), 16000);
        close(fd);
        news(id, 1, i, 2, 16000);
    }
    refused(id, 1, 16001, ERANGE);
    release(id);
    refused(id, 1, 0, ESRCH);
}

static void what_was_overwritten_is_a_gap_and_nothing_else(void) {
    uint64_t offset;
    host_start(control, DETACHED(1000), pattern(160000));
    host_exited(control, id, 0, 0);
    await_all(id, 160000);
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(offset, 159000);
    check_equal(follow(fd, offset, UINT64_MAX), 160000);
    close(fd);
    news(id, 1, 1, 2, 160000);
    fd = attached(id, 1, 2, 159500, &offset);
    check_equal(offset, 159500);
    check_equal(follow(fd, offset, UINT64_MAX), 160000);
    close(fd);
    news(id, 1, 2, 2, 160000);
    release(id);
}

static void a_blocking_ring_holds_the_command_back_and_loses_nothing(void) {
    uint64_t offset;
    host_start(control, BLOCKING(4096), pattern(320000));
    check(silent(control));
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(offset, 0);
    check_equal(follow(fd, 0, UINT64_MAX), 320000);
    close(fd);
    both_end(id, 1, 320000, 0, 0);
    release(id);
}

static void an_attached_reader_holds_the_command_back(void) {
    uint64_t offset;
    host_start(control, DETACHED(4096), gated("seq -f %015.0f 0 9999; exit 3"));
    int fd = attached(id, 1, 1, 0, &offset);
    open_gate();
    check(silent(control)); /* 160000 bytes do not fit into ring and pipe */
    static char bytes[8192];
    size_t got = 0;
    while (got < 4096) got += host_receive(fd, bytes + got, sizeof bytes - got);
    check_equal(got, 4096); /* the ring is the window: no more before an acknowledgement */
    check(silent(fd));
    acknowledge(fd, 100);
    while (got < 4196) got += host_receive(fd, bytes + got, sizeof bytes - got);
    check_equal(got, 4196);
    check(silent(fd));
    close(fd); /* and nobody else does */
    news(id, 1, 1, 5, 4196);
    host_exited(control, id, 0, 3);
    await_all(id, 160000);
    fd = attached(id, 1, 2, 4196, &offset);
    check_equal(offset, 160000 - 4096);
    check_equal(follow(fd, offset, UINT64_MAX), 160000);
    close(fd);
    news(id, 1, 2, 2, 160000);
    release(id);
}

/* Breaks off in the midst of it, with bytes in flight, and comes back for the first byte that it has not got. */
static void three_attachments(uint32_t flags, bool gaps) {
    const uint64_t size = 16 << 20;
    uint64_t offset = 0, start;
    host_start(control, DETACHED_WITH(flags, 1 << 18), gated(pattern(size)));
    for (uint8_t i = 1; i <= 3; i++) {
        int fd = attached(id, 1, i, offset, &start);
        open_gate();
        check(gaps ? start >= offset : start == offset);
        offset = follow(fd, start, i < 3 ? start + size / 5 : UINT64_MAX);
        close(fd);
        if (i == 3) break;
        struct reply broken = host_expect(control, ATTACHED, id); /* its end is not earlier than what was got */
        check(broken.kind == 5 && broken.offset >= offset);
    }
    check_equal(offset, size);
    both_end(id, 3, size, 0, 0);
    release(id);
}
static void nothing_is_lost_in_three_attachments_to_a_blocking_ring(void) { three_attachments(EXEC_BLOCK, false); }
static void gaps_are_exact_in_three_attachments_to_an_overwriting_ring(void) { three_attachments(0, true); }

static void a_new_attachment_takes_over(void) {
    uint64_t offset;
    host_start(control, DETACHED(65536), gated("exec seq -f %015.0f 0 999"));
    int first = attached(id, 1, 1, 0, &offset);
    host_attach(control, id, 1, 2, 0);
    news(id, 1, 1, 3, 0);
    news(id, 1, 2, 0, 0);
    host_expect_closed(first);
    host_expect_closed(host_data_of(id, 1, 1)); /* its token is worth nothing any more */
    int second = host_data_of(id, 1, 2);
    host_expect_closed(host_data_of(id, 1, 2)); /* and this one has been used */
    open_gate();
    check_equal(follow(second, 0, UINT64_MAX), 16000);
    close(second);
    both_end(id, 2, 16000, 0, 0);

    host_attach(control, id, 1, 3, 0); /* also from one that has not dialled yet */
    news(id, 1, 3, 0, 0);
    host_attach(control, id, 1, 4, 16000);
    news(id, 1, 3, 3, 0);
    news(id, 1, 4, 0, 16000);
    check(strcmp(host_output(host_data_of(id, 1, 4)), "") == 0);
    news(id, 1, 4, 2, 16000);
    release(id);
}

static void what_cannot_be_attached_to_is_refused(void) {
    refused(id + 1000, 1, 0, ESRCH);
    host_start(control, (struct command){.id = ++id, .out = true}, "echo plain; exec sleep 1000");
    refused(id, 1, 0, EINVAL);
    int plain = host_data(id, 1);
    host_await_text(plain, "plain\n");
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
    close(plain);
    host_start(control, DETACHED(4096), "exec sleep 1000");
    refused(id, 0, 0, EINVAL);
    refused(id, 2, 0, EINVAL);
    refused(id, 1, 1, ERANGE);
    refused(id, 1, UINT64_MAX, ERANGE);
    host_expect_closed(host_data(id, 1)); /* nobody awaits it */
    uint64_t offset;
    int fd = attached(id, 1, 1, 0, &offset);
    host_signal(control, id, SIGKILL, true);
    check(strcmp(host_output(fd), "") == 0);
    both_end(id, 1, 0, 1, SIGKILL);
    release(id);
}

static void an_attach_may_follow_its_exec_at_once(void) {
    host_exec(control, DETACHED(4096), gated(pattern(1600)));
    host_attach(control, id, 1, 1, 0);
    news(id, 1, 1, 0, 0);
    host_expect(control, STARTED, id);
    open_gate();
    check_equal(follow(host_data_of(id, 1, 1), 0, UINT64_MAX), 1600);
    both_end(id, 1, 1600, 0, 0);
    release(id);

    host_exec(control, DETACHED(4096, .program = "/no/such/program"), NULL);
    host_attach(control, id, 1, 1, 0);
    news(id, 1, 1, 0, 0);
    news(id, 1, 1, 4, 0);
    check_equal(host_expect(control, EXEC_FAILED, id).value, ENOENT);
    refused(id, 1, 0, ESRCH);
}

static void an_acknowledgement_out_of_range_ends_the_attachment(void) {
    const uint64_t wrong[] = {1601, UINT64_MAX, 99};
    uint64_t offset;
    host_start(control, DETACHED(4096), "seq -f %015.0f 0 99; exec sleep 1000");
    for (uint8_t i = 0; i < 3; i++) {
        int fd = attached(id, 1, i, 0, &offset);
        check_equal(follow(fd, 0, 100), 100);
        acknowledge(fd, wrong[i]);
        struct reply reply = host_expect(control, ATTACHED, id);
        check(reply.kind == 5 && reply.token == i);
        follow(fd, 100, 1600); /* what had been sent */
        host_expect_closed(fd);
    }
    int fd = attached(id, 1, 3, 0, &offset); /* in pieces it is as good as whole */
    check_equal(follow(fd, 0, 1600), 1600);
    for (int i = 0; i < 3; i++) {
        host_send(fd, "\x40\x06\0\0", 4);
        host_ping(control, (uint64_t)i);
        host_expect(control, PONG, (uint64_t)i);
        host_send(fd, "\0\0\0\0", 4);
    }
    host_signal(control, id, SIGKILL, true);
    check_equal(follow(fd, 1600, UINT64_MAX), 1600);
    close(fd);
    both_end(id, 3, 1600, 1, SIGKILL);
    release(id);
}

static void a_host_that_ends_its_sending_leaves_and_its_last_word_counts(void) {
    uint64_t offset;
    host_start(control, BLOCKING(1000), pattern(160000));
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, 500), 500);
    shutdown(fd, SHUT_WR);
    struct reply reply = host_expect(control, ATTACHED, id);
    check(reply.kind == 5 && reply.offset >= 1000 && reply.offset <= 1500);
    while (host_receive(fd, (char[4096]){0}, 4096) > 0) continue;
    close(fd);
    fd = attached(id, 1, 2, 0, &offset);
    check(offset <= 500); /* nothing beyond its acknowledgement was overwritten */
    check_equal(follow(fd, offset, UINT64_MAX), 160000);
    close(fd);
    both_end(id, 2, 160000, 0, 0);
    release(id);
}

static void garbage_on_a_data_connection_harms_nobody(void) {
    uint64_t offset, state = 88172645463325252;
    host_start(control, DETACHED(4096), "seq -f %015.0f 0 99; exec sleep 1000");
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, 1600), 1600);
    close(fd);
    news(id, 1, 1, 5, 1600);
    for (int i = 0; i < 200; i++) {
        uint8_t bytes[64];
        for (size_t j = 0; j < sizeof bytes; j++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift64 */
            bytes[j] = (uint8_t)(state % 3 ? state >> 32 : 0);
        }
        fd = attached(id, 1, 1, (uint64_t)i, &offset);
        send(fd, bytes, 1 + (size_t)(state % sizeof bytes), MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        struct reply reply = host_expect(control, ATTACHED, id);
        check_equal(reply.kind, 5);
        close(fd);
    }
    fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, 1600), 1600);
    close(fd);
    news(id, 1, 1, 5, 1600);
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
    release(id);
}

static void both_outputs_have_rings_of_their_own_and_one_can_be_discarded(void) {
    uint64_t offset;
    host_start(control, BLOCKING(4096, .err = true),
               "head -c 100000 /dev/zero >&2; seq -f %015.0f 0 9; exit 4");
    check(silent(control));
    host_discard(control, id, 2);
    host_exited(control, id, 0, 4);
    refused(id, 2, 0, EINVAL);
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, UINT64_MAX), 160);
    close(fd);
    news(id, 1, 1, 2, 160);
    release(id);

    host_start(control, DETACHED(4096, .err = true), "echo out; echo err >&2");
    host_exited(control, id, 0, 0);
    check(strcmp(host_output(attached(id, 2, 1, 0, &offset)), "err\n") == 0);
    news(id, 2, 1, 2, 4);
    check(strcmp(host_output(attached(id, 1, 2, 0, &offset)), "out\n") == 0);
    news(id, 1, 2, 2, 4);
    release(id);
}

static void a_terminal_can_be_detached(void) {
    uint64_t offset;
    host_start(control, DETACHED_WITH(EXEC_PTY, 4096, .rows = 24, .columns = 80),
               "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.02; done");
    int fd = attached(id, 1, 1, 0, &offset);
    host_await_text(fd, "ready\r\n");
    close(fd);
    news(id, 1, 1, 5, 7);
    host_resize(control, id, 50, 132);
    host_exited(control, id, 0, 3);
    check(strcmp(host_output(attached(id, 1, 2, 7, &offset)), "50 132\r\n") == 0);
    news(id, 1, 2, 2, 15);
    release(id);
}

static void an_orphan_delays_nothing_and_is_ended(void) {
    uint64_t offset;
    host_start(control, DETACHED(4096, .output_grace_ms = 50), "sleep 1000 & echo $!");
    host_exited(control, id, 0, 0);
    pid_t pid = atoi(host_output(attached(id, 1, 1, 0, &offset)));
    host_expect(control, ATTACHED, id);
    host_await_gone(pid);
    release(id);
    /* A full ring that nobody reads does not save the group either, and what its pipe held is still to be had. */
    host_start(control, BLOCKING(1024, .output_grace_ms = 50),
               "seq -f %015.0f 0 1999; sleep 1000 & exit 0");
    host_exited(control, id, 0, 0);
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, UINT64_MAX), 32000);
    close(fd);
    news(id, 1, 1, 2, 32000);
    release(id);
}

static void each_control_connection_is_told_once_what_became_of_it(void) {
    uint64_t offset;
    uint32_t pid = host_start(control, DETACHED(4096), "trap 'exit 9' TERM; seq -f %015.0f 0 9; while :; do sleep 0.02; done");
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, 0, 160), 160);
    close(control);
    control = host_control();
    check_equal(host_expect(control, STARTED, id).value, pid);
    host_signal(control, id, SIGTERM, false);
    both_end(id, 1, 160, 0, 9);
    check_equal(follow(fd, 160, UINT64_MAX), 160); /* a data connection outlives the control connection */
    close(fd);
    check(silent(control));
    close(control);
    control = host_control();
    check_equal(host_expect(control, STARTED, id).value, pid);
    host_exited(control, id, 0, 9);
    check_equal(follow(attached(id, 1, 2, 16, &offset), 16, UINT64_MAX), 160);
    news(id, 1, 2, 2, 160);
    release(id);
    close(control);
    control = host_control();
    check(silent(control));
}

static void a_release_while_it_runs_lets_it_go_on_unheard(void) {
    uint64_t offset;
    host_start(control, BLOCKING(4096), "seq -f %015.0f 0 99999; exit 6"); /* blocked until it is attached to */
    int fd = attached(id, 1, 1, 0, &offset);
    host_release(control, id);
    struct reply released = host_expect(control, ATTACHED, id);
    check_equal(released.kind, 4);
    while (host_receive(fd, (char[4096]){0}, 4096) > 0) continue;
    close(fd);
    host_exited(control, id, 0, 6); /* its 1.6 MB were drained */
    refused(id, 1, 0, ESRCH);
    host_release(control, id);
    host_start(control, (struct command){.id = ++id}, "exec sleep 1000");
    release(id); /* not detached: no effect */
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
}

static void ring_sizes_have_edges(void) {
    const uint32_t wrong[] = {0, (64u << 20) + 1, UINT32_MAX};
    uint64_t offset;
    for (int i = 0; i < 3; i++) {
        host_exec(control, DETACHED(wrong[i]), "true");
        struct reply reply = host_expect(control, EXEC_FAILED, id);
        check_equal(reply.value, EINVAL);
        check_says(strstr(reply.text, "1 to 67108864"), "%s", reply.text);
    }
    host_start(control, DETACHED(1), pattern(160));
    host_exited(control, id, 0, 0);
    await_all(id, 160);
    int fd = attached(id, 1, 1, 0, &offset);
    check_equal(offset, 159);
    check_equal(follow(fd, offset, UINT64_MAX), 160);
    close(fd);
    news(id, 1, 1, 2, 160);
    release(id);
    host_start(control, BLOCKING(1), pattern(160));
    host_exited(control, id, 0, 0); /* the pipe has room for it */
    fd = attached(id, 1, 1, 0, &offset);
    check_equal(follow(fd, offset, UINT64_MAX), 160);
    close(fd);
    news(id, 1, 1, 2, 160);
    release(id);
}

static void all_rings_together_are_bounded(void) {
    uint64_t first = id + 1;
    struct reply reply;
    for (;;) {
        check(id + 1 - first < 17); /* of 64 MiB each, 1 GiB together at most */
        host_exec(control, DETACHED(64 << 20), "true");
        reply = host_read(control);
        if (reply.type == EXEC_FAILED) break;
        host_exited(control, id, 0, 0);
    }
    check_equal(reply.value, ENOMEM);
    check_says(strstr(reply.text, "release"), "%s", reply.text);
    for (uint64_t x = first; x < id; x++) release(x);
    host_start(control, DETACHED(64 << 20), "true");
    host_exited(control, id, 0, 0);
    release(id);
}

static long resident_kib(void) {
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)agent);
    FILE *status = fopen(path, "r");
    check(status != NULL);
    while (fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kib);
    fclose(status);
    check(kib > 0);
    return kib;
}

static void release_gives_everything_back(void) {
    long before = 0;
    for (int i = 0; i < 200; i++) {
        uint64_t offset;
        host_start(control, DETACHED(2 << 20), "head -c 4194304 /dev/zero");
        host_exited(control, id, 0, 0);
        if (i % 3 == 0) {
            int fd = attached(id, 1, 1, 0, &offset);
            host_release(control, id);
            struct reply reply = host_expect(control, ATTACHED, id);
            check_equal(reply.kind, 4);
            close(fd);
        } else {
            release(id);
        }
        if (i == 20) before = resident_kib();
    }
    check_says(resident_kib() < before + 65536, "%ld KiB, after a few %ld", resident_kib(), before);
}

static void ended_ones_keep_their_place_until_they_are_released(void) {
    uint64_t first = id + 1;
    for (int i = 0; i < 256; i++) {
        host_start(control, DETACHED(4096), "true");
        host_exited(control, id, 0, 0);
    }
    host_exec(control, DETACHED(4096), "true");
    struct reply reply = host_expect(control, EXEC_FAILED, id);
    check_equal(reply.value, EAGAIN);
    check_says(strstr(reply.text, "released"), "%s", reply.text);
    for (uint64_t x = first; x < first + 256; x++) release(x);
    host_start(control, DETACHED(4096), "true");
    host_exited(control, id, 0, 0);
    release(id);
}

static void one_that_nobody_dials_holds_the_command_back_for_a_while_only(void) {
    host_start(control, DETACHED(4096), gated("seq -f %015.0f 0 9999"));
    check_equal(attach(id, 1, 9, 0).offset, 0);
    open_gate();
    check(silent(control));
    news(id, 1, 9, 5, 0);
    host_exited(control, id, 0, 0);
    host_expect_closed(host_data_of(id, 1, 9));
    release(id);
}

int main(int argc, char **argv) {
    check(argc == 2);
    signal(SIGPIPE, SIG_IGN);
    snprintf(gate, sizeof gate, "/tmp/vmette-replay-gate-%d", (int)getpid());
    atexit(remove_gate);
    agent_start(argv[1]);
    control = host_control();
    host_boot(control);
    run(an_output_is_had_from_any_offset_even_after_the_end);
    run(what_was_overwritten_is_a_gap_and_nothing_else);
    run(a_blocking_ring_holds_the_command_back_and_loses_nothing);
    run(an_attached_reader_holds_the_command_back);
    run(nothing_is_lost_in_three_attachments_to_a_blocking_ring);
    run(gaps_are_exact_in_three_attachments_to_an_overwriting_ring);
    run(a_new_attachment_takes_over);
    run(what_cannot_be_attached_to_is_refused);
    run(an_attach_may_follow_its_exec_at_once);
    run(an_acknowledgement_out_of_range_ends_the_attachment);
    run(a_host_that_ends_its_sending_leaves_and_its_last_word_counts);
    run(garbage_on_a_data_connection_harms_nobody);
    run(both_outputs_have_rings_of_their_own_and_one_can_be_discarded);
    run(a_terminal_can_be_detached);
    run(an_orphan_delays_nothing_and_is_ended);
    run(each_control_connection_is_told_once_what_became_of_it);
    run(a_release_while_it_runs_lets_it_go_on_unheard);
    run(ring_sizes_have_edges);
    run(all_rings_together_are_bounded);
    run(release_gives_everything_back);
    run(ended_ones_keep_their_place_until_they_are_released);
    run(one_that_nobody_dials_holds_the_command_back_for_a_while_only);
    agent_stop(control);
    return 0;
}
