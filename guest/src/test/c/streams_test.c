/* Data connections, pipes and terminals, against a whole agent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static int control;
static uint64_t id = 1;

#define COMMAND(...) ((struct command){.id = ++id, __VA_ARGS__})

static int descriptors_of_agent(void) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)agent);
    DIR *directory = opendir(path);
    check(directory != NULL);
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

static void only_the_right_claim_is_bound_and_only_once(void) {
    uint8_t token[TOKEN_SIZE];
    host_start(control, COMMAND(.in = true, .out = true), "cat");
    host_token(id, 1, token);
    host_expect_closed(host_data_with(id + 1, 1, token));
    host_expect_closed(host_data_with(id, 0, token));
    host_expect_closed(host_data_with(id, 2, token));
    host_expect_closed(host_data_with(id, 3, token));
    token[15] ^= 1;
    host_expect_closed(host_data_with(id, 1, token));
    int out = host_data(id, 1), in = host_data(id, 0);
    host_send(in, "x\n", 2);
    host_await_text(out, "x\n"); /* both are bound */
    host_expect_closed(host_data(id, 1));
    host_expect_closed(host_data(id, 0));
    shutdown(in, SHUT_WR);
    check(strcmp(host_output(out), "") == 0);
    host_exited(control, id, 0, 0);
    host_expect_closed(in);
    host_expect_closed(host_data(id, 1));
}

static void a_stream_without_connection_cannot_be_claimed(void) {
    host_start(control, COMMAND(), "exec sleep 1000");
    for (uint8_t stream = 0; stream < 3; stream++) host_expect_closed(host_data(id, stream));
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
}

static void an_unbound_output_keeps_what_its_pipe_holds(void) {
    host_start(control, COMMAND(.out = true), "echo kept");
    host_exited(control, id, 0, 0);
    check(strcmp(host_output(host_data(id, 1)), "kept\n") == 0);
}

static void an_unclaimed_output_stops_the_command_until_it_is_discarded(void) {
    host_start(control, COMMAND(.out = true, .err = true), "head -c 10485760 /dev/zero >&2; echo done");
    int out = host_data(id, 1);
    struct pollfd silent[] = {{.fd = out, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    check_equal(poll(silent, 2, 300), 0);
    host_discard(control, id, 2);
    check(strcmp(host_output(out), "done\n") == 0);
    host_exited(control, id, 0, 0);
    host_expect_closed(host_data(id, 2));
}

static void output_that_nobody_wants_flows_away(void) {
    host_start(control, COMMAND(), "head -c 10485760 /dev/zero; head -c 10485760 /dev/zero >&2");
    host_exited(control, id, 0, 0);
}

static void a_half_closed_stdin_ends_after_all_its_bytes(void) {
    host_start(control, COMMAND(.in = true, .out = true), "cat; echo end");
    int in = host_data(id, 0), out = host_data(id, 1);
    host_send(in, "some words", 10);
    shutdown(in, SHUT_WR);
    check(strcmp(host_output(out), "some wordsend\n") == 0);
    host_expect_closed(in);
    host_exited(control, id, 0, 0);
}

static void a_discarded_stdin_is_at_its_end(void) {
    host_start(control, COMMAND(.in = true, .out = true), "cat; echo end");
    int out = host_data(id, 1);
    host_discard(control, id, 0);
    check(strcmp(host_output(out), "end\n") == 0);
    host_exited(control, id, 0, 0);
}

static void a_command_that_closes_its_stdin_closes_the_connection(void) {
    host_start(control, COMMAND(.in = true), "exec <&-; exec sleep 1000");
    host_expect_closed(host_data(id, 0));
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
}

#define ROUND_TRIP (64 << 20)

static uint32_t mix(uint32_t sum, const uint8_t *bytes, ssize_t size) {
    for (ssize_t i = 0; i < size; i++) sum = (sum ^ bytes[i]) * 16777619;
    return sum;
}

static void sixty_four_megabytes_come_back_unchanged(void) {
    static uint8_t sent[65536], got[65536];
    host_start(control, COMMAND(.in = true, .out = true), "exec cat");
    int in = host_data(id, 0), out = host_data(id, 1);
    fcntl(in, F_SETFL, O_NONBLOCK);
    uint32_t there = 2166136261u, back = there, seed = 1;
    size_t offset = sizeof sent;
    long long written = 0, read_back = 0;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (;;) {
        struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = written < ROUND_TRIP ? in : -1, .events = POLLOUT}};
        check(poll(fds, 2, DEADLINE_MS) > 0);
        if (fds[1].revents) {
            if (offset == sizeof sent) {
                for (size_t i = 0; i < sizeof sent; i++) sent[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
                offset = 0;
            }
            ssize_t n = send(in, sent + offset, sizeof sent - offset, MSG_NOSIGNAL);
            if (n > 0) {
                there = mix(there, sent + offset, n);
                offset += (size_t)n;
                written += n;
                if (written == ROUND_TRIP) shutdown(in, SHUT_WR);
            } else {
                check_equal(errno, EAGAIN);
            }
        }
        if (fds[0].revents) {
            ssize_t n = recv(out, got, sizeof got, 0);
            check(n >= 0);
            if (n == 0) break;
            back = mix(back, got, n);
            read_back += n;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    check_equal(read_back, ROUND_TRIP);
    check_equal(back, there);
    close(in);
    close(out);
    host_exited(control, id, 0, 0);
    if (getenv("VMETTE_TIMES")) {
        double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
        printf("64 MiB through cat: %.0f MB/s\n", ROUND_TRIP / seconds / 1e6);
    }
}

static void a_closed_output_is_a_broken_pipe(void) {
    char byte;
    host_start(control, COMMAND(.out = true), "exec yes");
    int out = host_data(id, 1);
    check_equal(recv(out, &byte, 1, 0), 1);
    close(out);
    host_exited(control, id, 1, SIGPIPE);

    host_start(control, COMMAND(.out = true), "sleep 0.1; while echo x; do sleep 0.01; done");
    close(host_data(id, 1)); /* before there was anything to write */
    host_exited(control, id, 1, SIGPIPE);
}

static void a_refusal_to_receive_more_is_a_broken_pipe_even_to_a_blocked_output(void) {
    host_start(control, COMMAND(.out = true), "exec yes");
    int out = host_data(id, 1);
    struct pollfd readable = {.fd = out, .events = POLLIN};
    check_equal(poll(&readable, 1, DEADLINE_MS), 1);
    shutdown(out, SHUT_RD);
    host_exited(control, id, 1, SIGPIPE);
    close(out);
}

static void a_host_that_sends_nothing_more_still_gets_the_output(void) {
    host_start(control, COMMAND(.in = true, .out = true), "cat; echo end");
    int in = host_data(id, 0), out = host_data(id, 1);
    shutdown(out, SHUT_WR);
    host_send(in, "first\n", 6);
    host_await_text(out, "first\n");
    close(in);
    check(strcmp(host_output(out), "end\n") == 0);
    host_exited(control, id, 0, 0);
}

static void a_slow_reader_stops_its_own_pipe_only(void) {
    host_start(control, COMMAND(.out = true, .err = true), "yes & for i in 1 2 3 4 5; do echo $i >&2; done; wait");
    int out = host_data(id, 1), err = host_data(id, 2);
    host_await_text(err, "5\n");
    close(out);
    host_exited(control, id, 0, 0);
    check(strcmp(host_output(err), "") == 0);
}

static void a_slow_reader_gets_every_byte_after_the_grace(void) {
    static char bytes[65536];
    long long total = 0;
    ssize_t got;
    host_start(control, COMMAND(.out = true, .output_grace_ms = 20), "head -c 60000 /dev/zero; sleep 1000 &");
    host_exited(control, id, 0, 0);
    uint64_t first = id;
    host_start(control, COMMAND(.output_grace_ms = 20), "sleep 0.1"); /* the first one's grace is over by then */
    host_exited(control, id, 0, 0);
    int out = host_data(first, 1);
    while ((got = recv(out, bytes, sizeof bytes, 0)) > 0) total += got;
    check_equal(got, 0);
    check_equal(total, 60000);
    close(out);
}

static void a_terminal_has_its_size_and_is_resized(void) {
    host_start(control, COMMAND(.flags = EXEC_PTY, .in = true, .out = true, .rows = 24, .columns = 80),
               "trap 'stty size; exit 3' WINCH; test -t 0 && test -t 1 && test -t 2 && tty >/dev/tty; stty size; echo ready; "
               "while :; do sleep 0.02; done");
    int in = host_data(id, 0), out = host_data(id, 1);
    host_await_text(out, "ready\r\n");
    host_resize(control, id, 50, 132);
    const char *text = host_output(out);
    check_says(strcmp(text, "50 132\r\n") == 0, "%s", text);
    host_exited(control, id, 0, 3);
    host_expect_closed(in);

    host_start(control, COMMAND(.flags = EXEC_PTY, .out = true, .rows = 24, .columns = 80), "stty size; tty");
    text = host_output(host_data(id, 1));
    check_says(strncmp(text, "24 80\r\n/dev/pts/", 16) == 0, "%s", text);
    host_exited(control, id, 0, 0);
}

static void the_end_of_input_reaches_a_terminal(void) {
    const char *inputs[] = {"line\n", "unfinished", ""};
    for (int i = 0; i < 3; i++) {
        host_start(control, COMMAND(.flags = EXEC_PTY, .in = true, .out = true), "stty -echo; echo ready; cat; echo end");
        int in = host_data(id, 0), out = host_data(id, 1);
        host_await_text(out, "ready\r\n");
        host_send(in, inputs[i], strlen(inputs[i]));
        shutdown(in, SHUT_WR);
        const char *text = host_output(out);
        check_says(strncmp(text, inputs[i], strcspn(inputs[i], "\n")) == 0 && strstr(text, "end\r\n"), "%s", text);
        host_exited(control, id, 0, 0);
        host_expect_closed(in);
    }
}

static void a_terminal_that_nobody_reads_is_hung_up(void) {
    host_start(control, COMMAND(.flags = EXEC_PTY, .in = true, .out = true), "echo ready; exec sleep 1000");
    int in = host_data(id, 0), out = host_data(id, 1);
    host_await_text(out, "ready\r\n");
    close(out);
    host_exited(control, id, 1, SIGHUP);
    host_expect_closed(in);
}

static void a_character_typed_interrupts_the_command(void) {
    host_start(control, COMMAND(.flags = EXEC_PTY, .in = true, .out = true), "echo ready; exec sleep 1000");
    int in = host_data(id, 0), out = host_data(id, 1);
    host_await_text(out, "ready\r\n");
    host_send(in, "\x03", 1);
    check(strstr(host_output(out), "^C") != NULL);
    host_exited(control, id, 1, SIGINT);
    close(in);
}

static void claims_and_bytes_may_arrive_in_pieces(void) {
    uint8_t bytes[4 + CLAIM_SIZE + 6] = "VMTD";
    struct writer opening = {.bytes = bytes, .size = 4};
    host_start(control, COMMAND(.in = true, .out = true), "cat");
    int out = host_data(id, 1), in = host_connect();
    put_u64(&opening, id);
    put_u8(&opening, 0);
    host_token(id, 0, bytes + 13);
    memcpy(bytes + sizeof bytes - 6, "bytes\n", 6);
    for (size_t i = 0; i < sizeof bytes; i++) {
        host_send(in, bytes + i, 1);
        host_ping(control, i); /* the agent has seen the piece when it answers */
        host_expect(control, PONG, i);
    }
    close(in);
    check(strcmp(host_output(out), "bytes\n") == 0);
    host_exited(control, id, 0, 0);
}

int main(int argc, char **argv) {
    check(argc == 2);
    signal(SIGPIPE, SIG_IGN);
    agent_start(argv[1]);
    control = host_control();
    host_boot(control);
    int descriptors = descriptors_of_agent();
    run(a_host_that_sends_nothing_more_still_gets_the_output);
    run(only_the_right_claim_is_bound_and_only_once);
    run(a_stream_without_connection_cannot_be_claimed);
    run(an_unbound_output_keeps_what_its_pipe_holds);
    run(an_unclaimed_output_stops_the_command_until_it_is_discarded);
    run(output_that_nobody_wants_flows_away);
    run(a_half_closed_stdin_ends_after_all_its_bytes);
    run(a_discarded_stdin_is_at_its_end);
    run(a_command_that_closes_its_stdin_closes_the_connection);
    run(sixty_four_megabytes_come_back_unchanged);
    run(a_closed_output_is_a_broken_pipe);
    run(a_refusal_to_receive_more_is_a_broken_pipe_even_to_a_blocked_output);
    run(a_slow_reader_stops_its_own_pipe_only);
    run(a_slow_reader_gets_every_byte_after_the_grace);
    run(a_terminal_has_its_size_and_is_resized);
    run(the_end_of_input_reaches_a_terminal);
    run(a_terminal_that_nobody_reads_is_hung_up);
    run(a_character_typed_interrupts_the_command);
    run(claims_and_bytes_may_arrive_in_pieces);
    test_name = "no descriptor is left behind";
    for (int waited = 0; descriptors_of_agent() != descriptors; waited += 10) {
        check_says(waited < DEADLINE_MS, "%d, at the start %d", descriptors_of_agent(), descriptors);
        poll(NULL, 0, 10);
    }
    agent_stop(control);
    return 0;
}
