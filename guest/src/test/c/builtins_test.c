/* Built-ins as the host meets them, through a whole agent. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static int control;
static uint64_t id = 5000;
static char file[] = "/tmp/vmette-builtin-XXXXXX";

#define BUILT_IN(in_, out_, ...)                                                                         \
    ((struct command){.id = ++id, .flags = EXEC_BUILTIN, .in = in_, .out = out_, .output_grace_ms = 60000, \
                      .built_in = (const char *const[]){__VA_ARGS__, NULL}})

static const char *content(const char *path) {
    host_start(control, BUILT_IN(false, true, "read", path, "0"), NULL);
    return host_output(host_data(id, 1));
}

static void a_built_in_has_a_commands_life(void) {
    check(strstr(content("/proc/version"), "Linux") != NULL);
    host_exited(control, id, 0, 0);
    check_equal(atoi(content("/proc/self/oom_score_adj")), 0);
    host_exited(control, id, 0, 0);
    check(strstr(content("/proc/self/status"), "SigBlk:\t0000000000000000") != NULL);
    host_exited(control, id, 0, 0);
}

/* The names in its /proc/self/fd: three streams, and the directory itself. */
static void a_built_in_keeps_none_of_the_agents_descriptors(void) {
    host_start(control, BUILT_IN(false, true, "list", "/proc/self/fd"), NULL);
    int out = host_data(id, 1), entries = 0;
    uint8_t bytes[4096], *at = bytes;
    ssize_t size = 0, got;
    while ((got = recv(out, bytes + size, sizeof bytes - (size_t)size, 0)) > 0) size += got;
    close(out);
    for (; at < bytes + size; at += 4 + (at[0] | at[1] << 8)) entries++;
    check_equal(entries, 4);
    host_exited(control, id, 0, 0);
}

static void failures_are_exit_statuses(void) {
    check(strcmp(content("/no/such/file"), "") == 0);
    host_exited(control, id, 0, ENOENT);
    host_start(control, BUILT_IN(false, false, "read"), NULL);
    host_exited(control, id, 0, EINVAL);
}

static void an_unknown_one_is_told_before_it_starts(void) {
    host_exec(control, BUILT_IN(false, false, "frobnicate", "/tmp"), NULL);
    struct reply reply = host_expect(control, EXEC_FAILED, id);
    check_equal(reply.value, ENOSYS);
    check_says(strstr(reply.text, "frobnicate"), "%s", reply.text);
}

static void a_host_that_ends_early_leaves_the_old_file(void) {
    static const struct { const char *sent; size_t size; uint32_t status; const char *then; } writes[] = {
        {"\x03\0\0\0old\0\0\0\0", 11, 0, "old"},
        {"\x03\0\0\0new", 7, ECANCELED, "old"},
        {"\x09\0\0\0new", 7, ECANCELED, "old"},
        {"", 0, ECANCELED, "old"},
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        host_start(control, BUILT_IN(true, false, "write", file, "644", "replace"), NULL);
        int in = host_data(id, 0);
        host_send(in, writes[i].sent, writes[i].size);
        close(in);
        host_exited(control, id, 0, writes[i].status);
        const char *is = content(file);
        check_says(strcmp(is, writes[i].then) == 0, "%zu: %s", i, is);
        host_exited(control, id, 0, 0);
    }
}

static void a_reader_that_leaves_ends_it(void) {
    host_start(control, BUILT_IN(false, true, "read", "/dev/zero", "0"), NULL);
    int out = host_data(id, 1);
    char byte;
    check_equal(recv(out, &byte, 1, 0), 1);
    close(out);
    host_exited(control, id, 1, SIGPIPE);
}

int main(int argc, char **argv) {
    check(argc == 2);
    int fd = mkstemp(file);
    check(fd >= 0);
    close(fd);
    agent_start(argv[1]);
    control = host_control();
    host_boot(control);
    run(a_built_in_has_a_commands_life);
    run(a_built_in_keeps_none_of_the_agents_descriptors);
    run(failures_are_exit_statuses);
    run(an_unknown_one_is_told_before_it_starts);
    run(a_host_that_ends_early_leaves_the_old_file);
    run(a_reader_that_leaves_ends_it);
    unlink(file);
    agent_stop(control);
    return 0;
}
