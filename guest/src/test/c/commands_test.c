/* Commands and the control connection, against a whole agent. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static int control;
static uint64_t id = 1000;

#define CONNECTED(...) ((struct command){.id = ++id, .out = true, .err = true, __VA_ARGS__})
#define SILENT(...) ((struct command){.id = ++id, __VA_ARGS__})

static void another_version_is_told_and_closed(void) {
    int fd = host_connect();
    host_send(fd, "VMTC\x03\0\0\0\x01\x07\0", 11);
    struct reply reply = host_expect(fd, AGENT_ERROR, 0);
    check_equal(reply.kind, ERROR_VERSION);
    check_says(strstr(reply.text, "version 7") && strstr(reply.text, "version 2"), "%s", reply.text);
    host_expect_closed(fd);
}

static void boot_comes_first_and_once(void) {
    control = host_control();
    host_exec(control, SILENT(), "true");
    check_equal(host_expect(control, EXEC_FAILED, id).value, EPERM);
    host_send(control, "\x0a\0\0\0\x02\x05\0\0\0\0\0\0\0\0", 14); /* root mode 5 */
    struct reply reply = host_expect(control, AGENT_ERROR, 0);
    check_equal(reply.kind, ERROR_BOOT);
    check_equal(reply.value, ENOTSUP);
    host_boot(control);
    host_send(control, "\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0", 14);
    check_equal(host_expect(control, AGENT_ERROR, 0).value, EALREADY);
}

static void output_and_status_arrive(void) {
    host_start(control, CONNECTED(), "echo hi; echo err >&2; exit 7");
    int out = host_data(id, 1), err = host_data(id, 2);
    check(strcmp(host_output(out), "hi\n") == 0);
    check(strcmp(host_output(err), "err\n") == 0);
    host_exited(control, id, 0, 7);
}

static void merged_outputs_keep_their_order(void) {
    const char *line = "for i in 1 2 3 4 5 6 7 8; do echo $i; echo -$i >&2; done";
    host_start(control, ((struct command){.id = ++id, .out = true, .flags = EXEC_MERGE}), line);
    check(strcmp(host_output(host_data(id, 1)), "1\n-1\n2\n-2\n3\n-3\n4\n-4\n5\n-5\n6\n-6\n7\n-7\n8\n-8\n") == 0);
    host_exited(control, id, 0, 0);
}

static void exit_codes_and_signals_are_reported(void) {
    host_start(control, SILENT(), "exit 255");
    host_exited(control, id, 0, 255);
    host_start(control, SILENT(), "kill -9 $$");
    host_exited(control, id, 1, SIGKILL);
    host_start(control, SILENT(), "exec sleep 1000");
    host_signal(control, id, SIGTERM, false);
    host_exited(control, id, 1, SIGTERM);
}

static void a_group_signal_reaches_the_whole_group(void) {
    host_start(control, CONNECTED(.output_grace_ms = 60000), "sleep 1000 & echo $!; wait");
    int out = host_data(id, 1), err = host_data(id, 2);
    host_await_text(out, "\n");
    host_signal(control, id, SIGINT, true); /* sh ignores it for the background */
    host_exited(control, id, 1, SIGINT);
    host_signal(control, id, SIGKILL, true); /* the leader has ended, its group has not */
    check(strcmp(host_output(out), "") == 0);
    check(strcmp(host_output(err), "") == 0);
}

static void an_orphan_delays_nothing_and_is_ended(void) {
    host_start(control, CONNECTED(.output_grace_ms = 100), "sleep 1000 & echo $! hi");
    host_exited(control, id, 0, 0);
    int out = host_data(id, 1);
    host_discard(control, id, 2);
    const char *text = host_output(out);
    check_says(strstr(text, " hi\n"), "%s", text);
    host_await_gone(atoi(text));
}

static void an_orphan_deaf_to_term_is_killed(void) {
    host_start(control, CONNECTED(.output_grace_ms = 10, .kill_grace_ms = 50), "trap '' TERM; sleep 1000 & echo $!");
    host_exited(control, id, 0, 0);
    host_discard(control, id, 2);
    host_await_gone(atoi(host_output(host_data(id, 1))));
}

static void a_late_word_of_an_orphan_within_the_grace_is_heard(void) {
    host_start(control, CONNECTED(.output_grace_ms = 60000), "(sleep 0.2; echo late) & echo early");
    host_exited(control, id, 0, 0);
    int err = host_data(id, 2);
    check(strcmp(host_output(host_data(id, 1)), "early\nlate\n") == 0);
    check(strcmp(host_output(err), "") == 0);
}

static void a_group_that_is_to_be_left_alone_lives_on(void) {
    host_start(control, CONNECTED(.flags = EXEC_LEAVE_GROUP), "sleep 1000 >/dev/null 2>&1 & echo $!");
    int err = host_data(id, 2);
    pid_t pid = atoi(host_output(host_data(id, 1)));
    check(strcmp(host_output(err), "") == 0);
    host_exited(control, id, 0, 0);
    host_start(control, SILENT(), "true"); /* the agent has gone on since */
    host_exited(control, id, 0, 0);
    check(pid > 1 && kill(pid, 0) == 0);
    kill(pid, SIGKILL);
    host_await_gone(pid);
}

static void what_cannot_run_is_told(void) {
    host_exec(control, SILENT(.program = "no-such-program"), NULL);
    struct reply reply = host_expect(control, EXEC_FAILED, id);
    check_equal(reply.value, ENOENT);
    check_says(strstr(reply.text, "no-such-program"), "%s", reply.text);
    host_exec(control, SILENT(.program = "/etc/passwd"), NULL);
    check_equal(host_expect(control, EXEC_FAILED, id).value, EACCES);
    host_exec(control, SILENT(.cwd = "/no/such/place"), "true");
    reply = host_expect(control, EXEC_FAILED, id);
    check_equal(reply.value, ENOENT);
    check_says(strstr(reply.text, "/no/such/place"), "%s", reply.text);
    host_exec(control, SILENT(.out = true, .program = "/"), NULL);
    check_equal(host_expect(control, EXEC_FAILED, id).value, EACCES);
    host_expect_closed(host_data(id, 1));
}

static void an_execution_id_is_used_once_at_a_time(void) {
    host_start(control, SILENT(), "exec sleep 1000");
    uint64_t taken = id;
    host_exec(control, (struct command){.id = taken}, "true");
    check_equal(host_expect(control, EXEC_FAILED, taken).value, EEXIST);
    host_signal(control, taken, SIGKILL, true);
    host_exited(control, taken, 1, SIGKILL);
    host_start(control, (struct command){.id = taken}, "true");
    host_exited(control, taken, 0, 0);
}

static void the_environment_is_merged(void) {
    host_start(control, CONNECTED(.env = "OVER=over", .cwd = "/tmp"),
               "echo $BASE $OVER $(pwd) $PATH $(env | grep -c ^OVER)");
    host_discard(control, id, 2);
    const char *text = host_output(host_data(id, 1));
    check_says(strcmp(text, "base over /tmp /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin 1\n") == 0, "%s",
               text);
    host_exited(control, id, 0, 0);
}

static void a_command_inherits_nothing_but_its_streams(void) {
    host_start(control, CONNECTED(.in = true),
               "ls /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status; cat /proc/$$/oom_score_adj; "
               "ps -o pid=,pgid=,sid= -p $$ >&2; echo $$ >&2");
    int err = host_data(id, 2);
    const char *text = host_output(host_data(id, 1));
    const char *expected = "0\n1\n2\n3\n" /* 3 is the directory that ls reads */
                           "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n";
    check_says(strcmp(text, expected) == 0, "%s", text);
    int pid, group, session, self;
    check_equal(sscanf(host_output(err), "%d %d %d %d", &pid, &group, &session, &self), 4);
    check(pid == self && group == self && session == self);
    host_exited(control, id, 0, 0);
}

static void at_most_256_run_at_a_time(void) {
    uint64_t first = id + 1;
    for (int i = 0; i < 256; i++) host_start(control, SILENT(), "exec sleep 1000");
    host_exec(control, SILENT(), "true");
    check_equal(host_expect(control, EXEC_FAILED, id).value, EAGAIN);
    for (uint64_t x = first; x < first + 256; x++) {
        host_signal(control, x, SIGKILL, true);
        host_exited(control, x, 1, SIGKILL);
    }
    host_start(control, SILENT(), "true");
    host_exited(control, id, 0, 0);
}

static void a_second_control_connection_is_closed(void) {
    int second = host_connect();
    host_send(second, "VMTC", 4);
    host_expect_closed(second);
    host_ping(control, 42);
    host_expect(control, PONG, 42);
}

static void commands_outlive_the_control_connection_and_their_end_is_not_lost(void) {
    host_start(control, CONNECTED(.in = true), "read line; exit 9");
    int in = host_data(id, 0);
    host_discard(control, id, 1);
    host_discard(control, id, 2);
    close(control);
    host_send(in, "go\n", 3);
    host_expect_closed(in); /* it has ended, unheard */
    control = host_control();
    host_exited(control, id, 0, 9);
}

static void violation(const void *bytes, size_t size, const char *says) {
    close(control);
    control = host_control();
    host_send(control, bytes, size);
    struct reply reply = host_expect(control, AGENT_ERROR, 0);
    check_equal(reply.kind, ERROR_FRAME);
    check_says(strstr(reply.text, says), "%s", reply.text);
    host_expect_closed(control);
    control = host_control();
}

static void a_violation_closes_the_connection_and_harms_no_command(void) {
    host_start(control, SILENT(), "exec sleep 1000");
    violation("\0\0\0\0", 4, "length");
    violation("\x01\0\x10\0", 4, "length");
    violation("\xff\xff\xff\xff", 4, "length");
    violation("\x01\0\0\0\x77", 5, "unknown frame type");
    violation("\x03\0\0\0\x06\0\0", 7, "shorter");
    violation("\x0a\0\0\0\x06\0\0\0\0\0\0\0\0\0", 14, "longer");
    violation("\x03\0\0\0\x01\x01\0", 7, "second HELLO");
    int fd = host_connect(), greeting = host_connect();
    close(control);
    host_send(fd, "VMTC\x09\0\0\0\x06\0\0\0\0\0\0\0\0", 17); /* PING before HELLO */
    struct reply reply = host_expect(fd, AGENT_ERROR, 0);
    check_says(strstr(reply.text, "HELLO comes first"), "%s", reply.text);
    host_expect_closed(fd);
    host_send(greeting, "GET ", 4);
    host_expect_closed(greeting);
    control = host_control();
    host_send(control, "\x09\0\0", 3); /* goes away within a frame */
    close(control);
    control = host_control();
    host_signal(control, id, SIGKILL, true);
    host_exited(control, id, 1, SIGKILL);
}

static void a_host_that_does_not_read_is_not_listened_to(void) {
    struct pollfd writable = {.fd = control, .events = POLLOUT};
    uint64_t sent = 0, answered = 0;
    bool ended = false;
    host_start(control, SILENT(), "exec sleep 1000");
    host_signal(control, id, SIGKILL, true);
    while (poll(&writable, 1, 300) == 1) host_ping(control, ++sent);
    check(sent > 100);
    while (answered < sent || !ended) {
        struct reply reply = host_read(control);
        if (reply.type == EXITED) ended = true;
        else check_equal(reply.execution, ++answered);
    }
}

static void unknown_executions_are_ignored(void) {
    host_signal(control, 999999, SIGKILL, true);
    host_resize(control, 999999, 1, 1);
    host_discard(control, 999999, 1);
    host_ping(control, 7);
    host_expect(control, PONG, 7);
}

static void openings_are_bounded_in_number_and_time(void) {
    int fds[513];
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 513; i++) {
        fds[i] = host_connect();
        host_send(fds[i], "VM", 2);
    }
    host_expect_closed(fds[0]);
    for (int i = 1; i < 513; i++) host_expect_closed(fds[i]);
    clock_gettime(CLOCK_MONOTONIC, &after);
    check(after.tv_sec - before.tv_sec >= 4);
}

int main(int argc, char **argv) {
    check(argc == 2);
    agent_start(argv[1]);
    run(another_version_is_told_and_closed);
    run(boot_comes_first_and_once);
    run(output_and_status_arrive);
    run(merged_outputs_keep_their_order);
    run(exit_codes_and_signals_are_reported);
    run(a_group_signal_reaches_the_whole_group);
    run(an_orphan_delays_nothing_and_is_ended);
    run(an_orphan_deaf_to_term_is_killed);
    run(a_late_word_of_an_orphan_within_the_grace_is_heard);
    run(a_group_that_is_to_be_left_alone_lives_on);
    run(what_cannot_run_is_told);
    run(an_execution_id_is_used_once_at_a_time);
    run(the_environment_is_merged);
    run(a_command_inherits_nothing_but_its_streams);
    run(at_most_256_run_at_a_time);
    run(a_second_control_connection_is_closed);
    run(commands_outlive_the_control_connection_and_their_end_is_not_lost);
    run(a_violation_closes_the_connection_and_harms_no_command);
    run(a_host_that_does_not_read_is_not_listened_to);
    run(unknown_executions_are_ignored);
    run(openings_are_bounded_in_number_and_time);
    agent_stop(control);
    return 0;
}
