/* RESTORE and instances: each step alone, with a kernel that this file plays, and then a whole agent. */
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "execution.h"
#include "host.h"
#include "instance.h"
#include "machine.h"
#include "power.h"

#define SECOND 1000000000ull

/* --- the kernel, and what of the agent there is not --- */

static uint64_t wall, tick;
static char done[100]; /* which steps were taken, a letter each */
static char failing;   /* the one that fails */
static uint8_t fed[ENTROPY_SIZE];

static bool does(char step) {
    size_t at = strlen(done);
    done[at] = step;
    errno = ENOTTY;
    return step != failing;
}

uint64_t now_ns(void) { return tick += 10; }
uint64_t machine_wall_ns(void) { return wall; }
bool machine_set_wall(uint64_t ns) {
    wall = ns;
    return does('c');
}
bool machine_feed(const uint8_t entropy[ENTROPY_SIZE]) {
    memcpy(fed, entropy, ENTROPY_SIZE);
    return does('r');
}
bool power_set_hostname(struct text name) { return name.length == 4 && does('h'); }
bool execution_base_environment(struct list env) { return env.count == 2 && does('e'); }

/* --- each step alone --- */

static uint8_t entropy[ENTROPY_SIZE];
static const uint8_t one[INSTANCE_SIZE] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t two[INSTANCE_SIZE] = {0xff};
#define ONE "0123456789abcdef0102030405060708"
#define TWO "ff000000000000000000000000000000"

static bool restored_at(uint64_t wall_ns, struct restored *restored, char *why) {
    struct restore frame = {.wall_ns = wall_ns, .entropy = entropy, .instance = one, .hostname = {.length = 4}, .env = {.count = 2}};
    memset(entropy, 0xa5, sizeof entropy);
    memset(done, 0, sizeof done);
    return restore(&frame, restored, why);
}

static void a_clock_is_set_unless_it_is_a_little_ahead(void) {
    check_equal(restore_step_of(5 * SECOND, 8 * SECOND), 3 * SECOND);
    check_equal(restore_step_of(5 * SECOND, 5 * SECOND + 1), 1);
    check_equal(restore_step_of(5 * SECOND, 5 * SECOND), 0);
    check_equal(restore_step_of(5 * SECOND + SECOND / 10 - 1, 5 * SECOND), 0);
    check_equal(restore_step_of(5 * SECOND + SECOND / 10, 5 * SECOND), -(long long)(SECOND / 10));
    check_equal(restore_step_of(INT64_MAX, 0), -INT64_MAX);
    check_equal(restore_step_of(0, INT64_MAX), INT64_MAX);
}

static void all_steps_are_taken_in_order_and_timed(void) {
    struct restored restored;
    char why[RESTORE_WHY_MAX];
    wall = 4 * SECOND;
    check(restored_at(7 * SECOND, &restored, why));
    check_says(strcmp(done, "crhe") == 0, "%s", done);
    check(wall == 7 * SECOND);
    check_equal(restored.stepped, 3 * SECOND);
    for (int step = 0; step < RESTORE_STEPS; step++) check_equal(restored.took[step], 10);
    check(fed[0] == 0xa5 && fed[ENTROPY_SIZE - 1] == 0xa5);
    for (int i = 0; i < ENTROPY_SIZE; i++) check_equal(entropy[i], 0);
    check(restored_at(7 * SECOND - 1, &restored, why)); /* once more, a little late */
    check_says(strcmp(done, "rhe") == 0, "%s", done);
    check(wall == 7 * SECOND && restored.stepped == 0);
}

static void a_step_that_fails_ends_it_and_names_itself(void) {
    static const struct {
        char step;
        const char *done, *why;
    } cases[] = {{'c', "c", "cannot set the clock: "}, {'r', "cr", "cannot feed the random generator: "}, {'h', "crh", "cannot set the hostname: "},
                 {'e', "crhe", "cannot hold the environment: "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct restored restored;
        char why[RESTORE_WHY_MAX];
        failing = cases[i].step;
        wall = 0;
        check(!restored_at(SECOND, &restored, why));
        check_equal(errno, ENOTTY);
        check_says(strcmp(done, cases[i].done) == 0, "%s", done);
        check_says(strncmp(why, cases[i].why, strlen(cases[i].why)) == 0, "%s", why);
        check_equal(entropy[ENTROPY_SIZE - 1], 0); /* whatever became of it */
    }
    failing = 0;
}

/* --- the file --- */

static char run_directory[] = "/tmp/vmette-run-XXXXXX";

static const char *in_run(const char *name) {
    static char path[sizeof run_directory + 64];
    snprintf(path, sizeof path, "%s/%s", run_directory, name);
    return path;
}

static void says(const char *path, const char *id) {
    char line[100] = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    check_says(fd >= 0, "%s: %s", path, strerror(errno));
    check(fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0644);
    check_equal(read(fd, line, sizeof line - 1), 33);
    check_says(strncmp(line, id, 32) == 0 && line[32] == '\n', "%s", line);
    close(fd);
}

static void remove_run(void) {
    const char *names[] = {"vmette/instance-id/x", "vmette/.instance-id.new", "vmette/instance-id", "outside"};
    for (size_t i = 0; i < 4; i++) remove(in_run(names[i]));
    remove(in_run("vmette/instance-id"));
    remove(in_run("vmette"));
    remove(run_directory);
}

static void the_file_is_written_in_place_or_replaced_whole_whatever_lies_in_its_way(void) {
    check(mkdtemp(run_directory) != NULL);
    atexit(remove_run);
    umask(077);
    check(instance_renew(two) && instance_place(-1)); /* where there is no /run */
    check(strcmp(instance_entry(), "VMETTE_INSTANCE_ID=" TWO) == 0);
    int run = open(run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    instance_begin(one);
    check(instance_place(run));
    close(run);
    check(strcmp(instance_entry(), "VMETTE_INSTANCE_ID=" ONE) == 0);
    says(in_run("vmette/instance-id"), ONE);
    int old = open(in_run("vmette/instance-id"), O_RDONLY | O_CLOEXEC);
    check(instance_renew(two) && instance_renew(one));
    struct stat status, before;
    check(fstat(old, &before) == 0 && stat(in_run("vmette/instance-id"), &status) == 0 && status.st_ino == before.st_ino);
    says(in_run("vmette/instance-id"), ONE);
    check(truncate(in_run("vmette/instance-id"), 40) == 0);
    check(instance_renew(one));
    says(in_run("vmette/instance-id"), ONE);
    close(old);
    old = open(in_run("vmette/instance-id"), O_RDONLY | O_CLOEXEC);
    /* a pipe where the new one is written, a link where it goes */
    check(mkfifo(in_run("vmette/.instance-id.new"), 0666) == 0);
    check(unlink(in_run("vmette/instance-id")) == 0);
    int outside = open(in_run("outside"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(outside);
    check(symlink("../outside", in_run("vmette/instance-id")) == 0);
    check(instance_renew(two));
    says(in_run("vmette/instance-id"), TWO);
    check(stat(in_run("outside"), &status) == 0 && status.st_size == 0);
    check(access(in_run("vmette/.instance-id.new"), F_OK) < 0);
    char byte;
    check_equal(pread(old, &byte, 1, 0), 1); /* who had it open reads on in the former one */
    check(byte == '0');
    close(old);
}

static void a_file_that_cannot_be_replaced_fails_and_one_that_is_gone_does_not(void) {
    check(unlink(in_run("vmette/instance-id")) == 0);
    check(mkdir(in_run("vmette/instance-id"), 0700) == 0 && mkdir(in_run("vmette/instance-id/x"), 0700) == 0);
    check(!instance_renew(one));
    check(errno == EISDIR || errno == EEXIST || errno == ENOTEMPTY);
    check(strcmp(instance_entry(), "VMETTE_INSTANCE_ID=" TWO) == 0);
    check(access(in_run("vmette/.instance-id.new"), F_OK) < 0);
    check(rmdir(in_run("vmette/instance-id/x")) == 0 && rmdir(in_run("vmette/instance-id")) == 0);
    check(rmdir(in_run("vmette")) == 0);
    check(instance_renew(one));
    check(strcmp(instance_entry(), "VMETTE_INSTANCE_ID=" ONE) == 0);
}

/* --- the whole agent --- */

static int control;

static uint64_t wall_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static const char *out_of(const char *line) {
    static uint64_t id = 100;
    host_start(control, (struct command){.id = ++id, .out = true, .env = "OWN=own"}, line);
    int fd = host_data(id, 1);
    host_exited(control, id, 0, 0);
    return host_output(fd);
}

static void before_a_boot_it_is_refused_and_the_connection_stays(void) {
    host_restore(control, wall_now(), 1, two, "x", "A=b");
    struct reply reply = host_expect(control, AGENT_ERROR, 0);
    check_equal(reply.kind, ERROR_RESTORE);
    check_equal(reply.value, EPERM);
    host_instance(control, one);
    host_boot(control);
    check(strcmp(out_of("echo $VMETTE_INSTANCE_ID $BASE"), ONE " base\n") == 0);
    says(host_run_file("vmette/instance-id"), ONE);
}

static void a_restored_guest_has_the_hosts_time_and_a_new_name(void) {
    uint64_t sent = wall_now() + 3600 * SECOND;
    host_restore(control, sent, 1, two, "clone", "BASE=new");
    struct reply reply = host_expect(control, RESTORED, 0);
    check_equal(reply.token, 0xff);
    check(reply.offset >= sent && reply.offset < sent + 60 * SECOND);
    check(reply.stepped > (int64_t)(3590 * SECOND) && reply.stepped <= (int64_t)(3600 * SECOND));
    check(reply.took > 0);
    says(host_run_file("vmette/instance-id"), TWO);
    check(strcmp(out_of("echo $VMETTE_INSTANCE_ID $BASE $OVER $OWN"), TWO " new own\n") == 0);
}

static void it_may_be_sent_again_also_after_a_failure_and_over_another_connection(void) {
    host_restore(control, wall_now() + 3600 * SECOND, 0, one, "", "BASE=never");
    struct reply reply = host_expect(control, AGENT_ERROR, 0);
    check(reply.kind == ERROR_RESTORE && reply.value == ENODATA);
    check_says(strstr(reply.text, "random generator"), "%s", reply.text);
    check(strcmp(out_of("echo $BASE"), "new\n") == 0);
    close(control);
    control = host_control();
    host_restore(control, wall_now() + 3600 * SECOND, 1, one, "", "VMETTE_INSTANCE_ID=base");
    check_equal(host_expect(control, RESTORED, 0).token, 1);
    check(strcmp(out_of("echo $VMETTE_INSTANCE_ID$BASE"), ONE "\n") == 0);
    host_instance(control, two); /* too late: there was a BOOT */
    reply = host_expect(control, AGENT_ERROR, 0);
    check(reply.kind == ERROR_BOOT && reply.value == EALREADY);
    host_expect_closed(control);
}

int main(int argc, char **argv) {
    check(argc == 2);
    check(instance_entry() == NULL);
    run(a_clock_is_set_unless_it_is_a_little_ahead);
    run(all_steps_are_taken_in_order_and_timed);
    run(a_step_that_fails_ends_it_and_names_itself);
    run(the_file_is_written_in_place_or_replaced_whole_whatever_lies_in_its_way);
    run(a_file_that_cannot_be_replaced_fails_and_one_that_is_gone_does_not);
    umask(022);
    agent_start(argv[1]);
    control = host_control();
    run(before_a_boot_it_is_refused_and_the_connection_stays);
    run(a_restored_guest_has_the_hosts_time_and_a_new_name);
    run(it_may_be_sent_again_also_after_a_failure_and_over_another_connection);
    agent_stop(host_control());
    return 0;
}
