/* Built-ins for single files and directories. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builtin_runner.h"
#include "builtins.h"
#include "check.h"

static struct stat status_of(const char *path) {
    struct stat status;
    check_says(lstat(path, &status) == 0, "%s: %s", path, strerror(errno));
    return status;
}

static bool holds(const char *path, const char *text) { return strcmp(slurp(path, NULL), text) == 0; }

static void what_is_written_is_read_back(void) {
    const char *path = in_place("file");
    check_equal(given("hello", 5, "write", path, "4711", "replace").status, 0);
    check(holds(path, "hello"));
    check_equal(status_of(path).st_mode, S_IFREG | 04711);
    struct run read = built_in("read", path, "0");
    check_equal(read.status, 0);
    check(read.output_size == 5 && strcmp(read.output, "hello") == 0);
    check(strcmp(built_in("read", path, "1", "3").output, "ell") == 0);
    check(strcmp(built_in("read", path, "4", "99").output, "o") == 0);
    check(strcmp(built_in("read", path, "99").output, "") == 0);
    check_equal(given("", 0, "write", path, "600", "replace").status, 0);
    check(holds(path, ""));
    check_equal(names_in(place), 1);
}

static void a_large_file_is_unchanged(void) {
    size_t size = 3000001, got;
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (char)(i * i >> 7);
    const char *path = in_place("large");
    check_equal(given(bytes, size, "write", path, "644", "replace").status, 0);
    const char *content = slurp(path, &got);
    check(got == size && memcmp(content, bytes, size) == 0);
    struct run read = built_in("read", path, "0");
    check(read.output_size == size && memcmp(read.output, bytes, size) == 0);
    free(bytes);
}

/* A length and less than that, or no end: the host has failed. */
static void a_write_that_is_cut_off_changes_nothing(void) {
    const char *path = in_place("kept/file");
    shell("mkdir kept; echo old > kept/file");
    static const char *const cut[] = {"", "\x05", "\x05\0\0\0hel", "\x05\0\0\0hello", "\x05\0\0\0hello\0\0\0"};
    static const size_t sizes[] = {0, 1, 7, 9, 12};
    for (int i = 0; i < 5; i++) {
        check_equal(builtin_raw(cut[i], sizes[i], ARGUMENTS("write", path, "644", "replace")).status, ECANCELED);
        check(holds(path, "old\n"));
        check_equal(names_in(in_place("kept")), 1);
        check_equal(builtin_raw(cut[i], sizes[i], ARGUMENTS("write", in_place("kept/new"), "644", "create")).status,
                    ECANCELED);
        check_equal(names_in(in_place("kept")), 1);
    }
}

/* A TERM does not keep it from removing what it has made. */
static void a_write_that_is_ended_leaves_nothing(void) {
    shell("mkdir ended");
    for (int named = 0; named < 2; named++) {
        int input[2], status;
        nameless = !named;
        check(pipe2(input, O_CLOEXEC) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            char path[200], *argv[] = {"write", path, "644", "replace", NULL};
            snprintf(path, sizeof path, "%s/ended/file", place);
            dup2(input[0], 0);
            builtin_run(argv);
        }
        close(input[0]);
        check(write(input[1], "\x05\0\0\0hel", 7) == 7);
        while (named && names_in(in_place("ended")) == 0) usleep(1000);
        kill(pid, SIGTERM);
        close(input[1]);
        check_equal(waitpid(pid, &status, 0), pid);
        check(named ? WIFEXITED(status) && WEXITSTATUS(status) == ECANCELED : !WIFEXITED(status) || WEXITSTATUS(status) == ECANCELED);
        check_equal(names_in(in_place("ended")), 0);
    }
    nameless = true;
}

static void links_are_followed_and_stay(void) {
    shell("mkdir links; cd links; echo old > target; ln -s target one; mkdir sub; ln -s ../one sub/two; ln -s fresh gone; "
          "ln -s round round; ln -s %s/links/absolute far", place);
    check_equal(given("new", 3, "write", in_place("links/sub/two"), "640", "replace").status, 0);
    check(holds(in_place("links/target"), "new"));
    check(S_ISLNK(status_of(in_place("links/one")).st_mode) && S_ISLNK(status_of(in_place("links/sub/two")).st_mode));
    check_equal(given("1", 1, "write", in_place("links/gone"), "640", "replace").status, 0);
    check(holds(in_place("links/fresh"), "1") && S_ISLNK(status_of(in_place("links/gone")).st_mode));
    check_equal(given("2", 1, "write", in_place("links/far"), "640", "replace").status, 0);
    check(holds(in_place("links/absolute"), "2"));
    check_equal(given("3", 1, "write", in_place("links/round"), "640", "replace").status, ELOOP);
    check_equal(given("4", 1, "write", in_place("links/gone"), "640", "create").status, EEXIST);
}

static void how_a_file_is_written(void) {
    const char *path = in_place("how");
    check_equal(given("a", 1, "write", path, "600", "append").status, 0);
    check_equal(given("b", 1, "write", path, "644", "append").status, 0);
    check(holds(path, "ab"));
    check_equal(status_of(path).st_mode & 07777, 0600);
    ino_t inode = status_of(path).st_ino;
    check_equal(given("c", 1, "write", path, "644", "in-place").status, 0);
    check(holds(path, "c") && status_of(path).st_ino == inode);
    check_equal(given("d", 1, "write", path, "644", "create").status, EEXIST);
    check_equal(given("d", 1, "write", path, "644", "replace").status, 0);
    check(holds(path, "d") && status_of(path).st_ino != inode);
    check_equal(given("e", 1, "write", in_place("made"), "604", "in-place").status, 0);
    check_equal(status_of(in_place("made")).st_mode & 07777, 0604);
    check_equal(given("f", 1, "write", path, "644", "otherwise").status, EINVAL);
    check_equal(given("g", 1, "write", path, "99", "replace").status, EINVAL);
    check(holds(path, "d"));
}

static void what_cannot_be_replaced_is_written_in_place(void) {
    check_equal(given("x", 1, "write", "/dev/null", "644", "replace").status, 0);
    check(S_ISCHR(status_of("/dev/null").st_mode));
    if (geteuid() == 0) check_equal(given("x", 1, "write", "/proc/self/comm", "644", "replace").status, 0);
    check_equal(given("x", 1, "write", "/dev/full", "644", "replace").status, ENOSPC);
}

static void errors_are_errnos(void) {
    shell("mkdir directory; echo > plain; mkfifo pipe");
    const char *missing = in_place("missing/file"), *through = in_place("plain/file"), *directory = in_place("directory");
    check_equal(built_in("read", missing, "0").status, ENOENT);
    check_equal(built_in("read", through, "0").status, ENOTDIR);
    check_equal(built_in("read", directory, "0").status, EISDIR);
    check_equal(built_in("read", in_place("pipe"), "0").status, EOPNOTSUPP);
    check_equal(built_in("read", in_place("plain"), "-1").status, EINVAL);
    check_equal(built_in("read", "relative", "0").status, EINVAL);
    check_equal(built_in("read", in_place("%zz"), "0").status, EINVAL);
    check_equal(built_in("read", in_place("%00"), "0").status, EINVAL);
    check_equal(built_in("read", in_place("plain")).status, EINVAL);
    check_equal(given("", 0, "write", missing, "644", "replace").status, ENOENT);
    check_equal(given("", 0, "write", through, "644", "replace").status, ENOTDIR);
    check_equal(given("", 0, "write", directory, "644", "replace").status, EISDIR);
    check_equal(given("", 0, "write", in_place("directory/"), "644", "replace").status, EISDIR);
    check_equal(built_in("list", in_place("plain")).status, ENOTDIR);
    check_equal(built_in("stat", missing).status, ENOENT);
    check_equal(built_in("mkdir", directory, "755").status, EEXIST);
    check_equal(built_in("mkdir", missing, "755").status, ENOENT);
    check_equal(built_in("mkdir", through, "755", "parents").status, ENOTDIR);
    check_equal(built_in("remove", missing).status, ENOENT);
    check_equal(built_in("remove", missing, "recursive").status, ENOENT);
    check_equal(built_in("remove", "/", "recursive").status, EBUSY);
    if (geteuid() == 0) check_equal(built_in("remove", "/proc", "recursive").status, EBUSY);
    struct run run = built_in("tar-out", missing);
    check_equal(run.status, ENOENT);
    check_says(strstr(run.said, "missing/file: No such file"), "%s", run.said);
    char name[300];
    memset(name, 'n', 299);
    name[299] = 0;
    check_equal(given("", 0, "write", in_place(name), "644", "replace").status, ENAMETOOLONG);
}

static uint64_t little(const char *at, int size) {
    uint64_t value = 0;
    while (size-- > 0) value = value << 8 | (uint8_t)at[size];
    return value;
}

static void records_say_what_stat_says(void) {
    shell("mkdir told; cd told; printf 12345 > file; chmod 2640 file; touch -d @1234567890.5 file; ln -s to/there link");
    struct run run = built_in("stat", in_place("told/file"));
    check_equal(run.status, 0);
    check_equal(run.output_size, 56);
    check_equal(little(run.output, 4), 52);
    check_equal(little(run.output + 4, 4), S_IFREG | 02640);
    check_equal(little(run.output + 8, 4), 1);
    check_equal(little(run.output + 12, 4), getuid());
    check_equal(little(run.output + 28, 8), 5);
    check_equal(little(run.output + 36, 8), 1234567890);
    check_equal(little(run.output + 44, 4), 500000000);
    check_equal(little(run.output + 48, 8), 0);
    run = built_in("stat", in_place("told/link"), "nofollow");
    check_equal(little(run.output + 4, 4) & S_IFMT, S_IFLNK);
    check_equal(little(run.output + 52, 4), 8);
    check(memcmp(run.output + 56, "to/there", 8) == 0 && run.output_size == 64);
    check_equal(built_in("stat", in_place("told/link")).status, ENOENT);
    run = built_in("list", in_place("told"));
    check_equal(run.output_size, 56 + 4 + 64 + 4);
}

static void names_are_bytes(void) {
    check_equal(given("x", 1, "write", in_place("100%25 \xc3\xa4 %ff"), "644", "replace").status, 0);
    check(holds(in_place("100% \xc3\xa4 \xff"), "x"));
    check_equal(built_in("remove", in_place("100%25 \xc3\xa4 %ff")).status, 0);
}

static void directories_come_and_go(void) {
    check_equal(built_in("mkdir", in_place("a"), "1751").status, 0);
    check_equal(status_of(in_place("a")).st_mode, S_IFDIR | 01751);
    check_equal(built_in("mkdir", in_place("a/b/c/"), "700", "parents").status, 0);
    check_equal(status_of(in_place("a/b/c")).st_mode, S_IFDIR | 0700);
    check_equal(status_of(in_place("a/b")).st_mode, S_IFDIR | 0755);
    check_equal(built_in("mkdir", in_place("a/b/c"), "711", "parents").status, 0);
    check_equal(built_in("remove", in_place("a")).status, ENOTEMPTY);
    check_equal(built_in("remove", in_place("a/b/c")).status, 0);
    shell("mkdir outside; echo kept > outside/file; ln -s ../../outside a/b/link; mkfifo a/pipe; echo > a/file");
    check_equal(built_in("remove", in_place("a/"), "recursive").status, 0);
    check(access(in_place("a"), F_OK) < 0);
    check(holds(in_place("outside/file"), "kept\n"));
    shell("ln -s outside way");
    check_equal(built_in("remove", in_place("way"), "recursive").status, 0);
    check(holds(in_place("outside/file"), "kept\n"));
}

static void a_deep_tree_is_removed(void) {
    shell("mkdir deep");
    int at = open(in_place("deep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 900; i++) { /* longer than any path */
        check(mkdirat(at, "level", 0700) == 0);
        int next = openat(at, "level", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
    }
    close(at);
    check_equal(built_in("remove", in_place("deep"), "recursive").status, 0);
    check(access(in_place("deep"), F_OK) < 0);
}

int main(void) {
    place_make();
    run(what_is_written_is_read_back);
    run(a_large_file_is_unchanged);
    run(a_write_that_is_cut_off_changes_nothing);
    nameless = false;
    run(how_a_file_is_written);
    shell("rm -r kept how made");
    run(a_write_that_is_cut_off_changes_nothing);
    nameless = true;
    run(how_a_file_is_written);
    run(a_write_that_is_ended_leaves_nothing);
    run(links_are_followed_and_stay);
    run(what_cannot_be_replaced_is_written_in_place);
    run(errors_are_errnos);
    run(records_say_what_stat_says);
    run(names_are_bytes);
    run(directories_come_and_go);
    run(a_deep_tree_is_removed);
    return 0;
}
