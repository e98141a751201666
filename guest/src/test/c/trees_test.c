/* tar-out and tar-in: trees there and back, the archives of others, and what a hostile one may try. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin_runner.h"
#include "builtins.h"
#include "check.h"
#include "tar.h"

static bool root;
static const char *gnu_tar; /* NULL: not here */

static struct stat status_of(const char *path) {
    struct stat status;
    check_says(lstat(path, &status) == 0, "%s: %s", path, strerror(errno));
    return status;
}

/* Both trees, as find and sha256sum see them. */
static void check_same(const char *one, const char *other) {
    const char *list = "find . -printf '%%P %%y %%m %%U %%G %%T@ %%l %%n\\n' | sed 's/\\.[0-9]*0 / /' | sort";
    char line[1000];
    snprintf(line, sizeof line, "(cd %s; %s; find . -type f -exec sha256sum {} + | sort) >%s.told", one, list, one);
    shell(line, 0);
    snprintf(line, sizeof line, "(cd %s; %s; find . -type f -exec sha256sum {} + | sort) >%s.told", other, list, other);
    shell(line, 0);
    shell("diff %s.told %s.told >&2", one, other);
}

static void make_tree(void) {
    shell("mkdir -p tree/empty tree/dir/sub; cd tree; printf hello > file; printf run > dir/run; chmod 4755 dir/run; "
          "chmod 3770 dir/sub; chmod 500 empty; head -c 100000 /dev/urandom > dir/sub/large; head -c 512 /dev/zero > block; "
          "ln file dir/hard; ln -s ../file dir/soft; ln -s /no/where dangling; mkfifo pipe; : > nothing; "
          "n=$(printf '%%0120d' 7); mkdir $n; echo long > $n/$n; ln -s $n/$n/$n longlink; ln $n/$n hardlong; "
          "printf x > \"$(printf 'a\\nb\\377')\"; touch -d @1000000000 file dir; touch -d @-5 nothing; touch -d @9999999999 block");
    if (root) shell("cd tree; mknod null c 1 3; chown 12345:3000000 block");
    shell("cd tree; find . -exec touch -h -d @1234567890 {} +");
}

static void a_tree_comes_back(void) {
    make_tree();
    struct run out = built_in("tar-out", in_place("tree"));
    check_equal(out.status, 0);
    check_equal(out.output_size % TAR_BLOCK, 0);
    check_equal(given(out.output, out.output_size, "tar-in", in_place("back")).status, 0);
    check_same("tree", "back");
    /* again, over itself */
    check_equal(given(out.output, out.output_size, "tar-in", in_place("back")).status, 0);
    check_same("tree", "back");
    nameless = false;
    check_equal(given(out.output, out.output_size, "tar-in", in_place("third")).status, 0);
    nameless = true;
    check_same("tree", "third");
}

static void write_bytes(const char *path, const struct run *run) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(write(fd, run->output, run->output_size) == (ssize_t)run->output_size);
    close(fd);
}

static void others_read_what_we_write(void) {
    if (!gnu_tar) return;
    struct run out = built_in("tar-out", in_place("tree"));
    write_bytes(in_place("ours.tar"), &out);
    shell("mkdir theirs; tar -C theirs -xpf ours.tar --same-owner 2>tar.said || { cat tar.said >&2; false; }");
    check_same("tree", "theirs");
}

static void we_read_what_others_write(void) {
    static const char *const formats[] = {"gnu", "pax", "ustar", "oldgnu"};
    if (!gnu_tar) return;
    /* what ustar cannot hold */
    shell("cp -a tree short; cd short; rm -rf 0* longlink hardlong; chown 5:5 block 2>/dev/null || :");
    for (int i = 0; i < 4; i++) {
        const char *tree = i == 2 ? "short" : "tree";
        shell("cd %s; find . -exec touch -h -d @1234567890 {} +; tar -C . --format=%s -cf ../%s.tar .", tree, formats[i], formats[i]);
        char name[100];
        size_t size;
        snprintf(name, sizeof name, "%s.tar", formats[i]);
        const char *archive = slurp(in_place(name), &size);
        snprintf(name, sizeof name, "of-%s", formats[i]);
        check_equal(given(archive, size, "tar-in", in_place(name)).status, 0);
        check_same(tree, name);
    }
}

static void times_before_1970_and_ids_beyond_octal_are_kept(void) {
    shell("mkdir odd; echo > odd/file; touch -d @-86400 odd/file");
    if (root) shell("chown 4000000000:3000000000 odd/file");
    struct run out = built_in("tar-out", in_place("odd"));
    check_equal(given(out.output, out.output_size, "tar-in", in_place("odd.back")).status, 0);
    struct stat one = status_of(in_place("odd/file")), other = status_of(in_place("odd.back/file"));
    check_equal(other.st_mtim.tv_sec, -86400);
    check_equal(other.st_uid, one.st_uid);
    check_equal(other.st_gid, one.st_gid);
}

/* --- archives made by hand --- */

static uint8_t archive[65536];
static size_t archive_size;

static void sum(struct tar_header *header) {
    memset(header->checksum, ' ', 8);
    snprintf(header->checksum, 8, "%06o", (unsigned)tar_checksum(header));
}

static struct tar_header *add(char kind, const char *name, const char *link, const char *content) {
    struct tar_header *header = (struct tar_header *)(void *)(archive + archive_size);
    memset(header, 0, sizeof *header);
    snprintf(header->name, sizeof header->name, "%s", name);
    snprintf(header->link, sizeof header->link, "%s", link);
    snprintf(header->mode, sizeof header->mode, "0644");
    snprintf(header->uid, sizeof header->uid, "%o", getuid());
    snprintf(header->gid, sizeof header->gid, "%o", getgid());
    snprintf(header->size, sizeof header->size, "%o", (unsigned)strlen(content));
    memcpy(header->magic, "ustar", 6);
    header->kind = kind;
    sum(header);
    archive_size += TAR_BLOCK;
    memset(archive + archive_size, 0, strlen(content) + TAR_BLOCK);
    memcpy(archive + archive_size, content, strlen(content));
    archive_size += strlen(content) + tar_padding(strlen(content));
    return header;
}

static struct run unpack(void) {
    memset(archive + archive_size, 0, 2 * TAR_BLOCK);
    struct run run = given(archive, archive_size + 2 * TAR_BLOCK, "tar-in", in_place("into"));
    archive_size = 0;
    return run;
}

static void nothing_gets_out_of_the_directory(void) {
    shell("rm -rf into victim; mkdir into victim; echo safe > victim/file");
    add('0', "/absolute", "", "x");
    check_equal(unpack().status, STATUS_UNSAFE_NAME);
    add('0', "a/../../victim/file", "", "x");
    check_equal(unpack().status, STATUS_UNSAFE_NAME);
    add('1', "hard", "../victim/file", "");
    check_equal(unpack().status, STATUS_UNSAFE_NAME);
    add('2', "way", "../victim", "");
    add('0', "way/file", "", "x");
    check_equal(unpack().status, ENOTDIR);
    add('1', "hard", "way/file", "");
    check_equal(unpack().status, ENOTDIR);
    add('5', "way/", "", "");
    check_equal(unpack().status, ENOTDIR);
    add('2', "file", "../victim/file", "");
    add('0', "file", "", "instead");
    check_equal(unpack().status, 0);
    check(strcmp(slurp(in_place("into/file"), NULL), "instead") == 0);
    add('1', "missing", "nowhere", "");
    check_equal(unpack().status, ENOENT);
    check(strcmp(slurp(in_place("victim/file"), NULL), "safe\n") == 0);
    check_equal(names_in(in_place("victim")), 1);
    check_equal(names_in(in_place("into")), 2);
}

static void what_is_put_in_the_place_of_a_special_file_is_left_alone(void) {
    static const char kinds[] = "62";
    for (int i = 0; kinds[i]; i++) {
        shell("rm -rf into victim; mkdir into victim; echo safe > victim/file; chmod 600 victim/file");
        swapped_for = in_place("victim/file");
        struct tar_header *header = add(kinds[i], "special", kinds[i] == '2' ? "to" : "", "");
        if (root) snprintf(header->uid, sizeof header->uid, "%o", 12345);
        sum(header);
        check_equal(unpack().status, ESTALE);
        swapped_for = NULL;
        struct stat status = status_of(in_place("victim/file"));
        check_equal(status.st_mode & 07777, 0600);
        check_equal(status.st_uid, geteuid());
    }
}

static void an_archive_is_taken_whole_or_not(void) {
    shell("rm -rf into");
    add('0', "file", "", "content");
    check_equal(given(archive, archive_size, "tar-in", in_place("into")).status, STATUS_BAD_ARCHIVE); /* no end */
    check_equal(given(archive, TAR_BLOCK + 3, "tar-in", in_place("into")).status, STATUS_BAD_ARCHIVE);
    check_equal(given(archive, 100, "tar-in", in_place("into")).status, STATUS_BAD_ARCHIVE);
    check_equal(given("", 0, "tar-in", in_place("into")).status, STATUS_BAD_ARCHIVE);
    check_equal(builtin_raw("\0\2\0\0", 4, ARGUMENTS("tar-in", in_place("into"))).status, ECANCELED);
    archive[3] ^= 1;
    check_equal(unpack().status, STATUS_BAD_ARCHIVE); /* the sum */
    add('S', "sparse", "", "");
    check_equal(unpack().status, STATUS_UNSUPPORTED);
    add('x', "pax", "", "28 GNU.sparse.major=1000000\n");
    add('0', "file", "", "");
    check_equal(unpack().status, STATUS_UNSUPPORTED);
    static const char *const broken[] = {"9 path=a\n\n", "99 path=a\n", "path=a\n", "10 path=a", "11 size=-1\n", "999999999999999999999 path=a\n"};
    for (int i = 0; i < 6; i++) {
        add('x', "pax", "", broken[i]);
        add('0', "file", "", "");
        check_equal(unpack().status, STATUS_BAD_ARCHIVE);
    }
}

static void extended_headers_count(void) {
    shell("rm -rf into");
    add('g', "global", "", "14 comment=hi\n");
    add('x', "pax", "", "14 path=named\n23 mtime=1000000001.25\n");
    add('0', "short", "", "content");
    add('L', "././@LongLink", "", "long/name");
    add(0, "old", "", "old");
    check_equal(unpack().status, 0);
    check(strcmp(slurp(in_place("into/named"), NULL), "content") == 0);
    check_equal(status_of(in_place("into/named")).st_mtim.tv_nsec, 250000000);
    check(strcmp(slurp(in_place("into/long/name"), NULL), "old") == 0);
}

/* Whatever bytes come, the agent ends by itself and nothing is made outside. */
static void damaged_archives_do_no_harm(void) {
    shell("rm -rf into fuzz; mkdir -p fuzz/into fuzz/tree/d; cd fuzz/tree; echo 1 > d/f; ln d/f hard; ln -s d soft; touch $(printf '%%0150d' 1)");
    struct run out = built_in("tar-out", in_place("fuzz/tree"));
    size_t size = out.output_size;
    uint8_t *whole = malloc(size), *bytes = malloc(size);
    memcpy(whole, out.output, size);
    unsigned seed = 4711;
    for (int round = 0; round < 600; round++) {
        memcpy(bytes, whole, size);
        for (int i = rand_r(&seed) % 8; i >= 0; i--) bytes[(unsigned)rand_r(&seed) % size] = (uint8_t)rand_r(&seed);
        for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) { /* so that more than the sum is found wrong */
            struct tar_header *header = (struct tar_header *)(void *)(bytes + at);
            if (memcmp(header->magic, "ustar", 5) == 0) sum(header);
        }
        int status = given(bytes, size, "tar-in", in_place("fuzz/into")).status;
        check_says(status < 256, "round %d ended with %d", round, status);
        check_equal(names_in(in_place("fuzz")), 2);
        if (round % 20 == 0) shell("chmod -R 700 fuzz/into; rm -rf fuzz/into; mkdir fuzz/into");
    }
    free(bytes);
    free(whole);
}

int main(void) {
    root = geteuid() == 0;
    gnu_tar = system("tar --version 2>/dev/null | grep -q GNU") == 0 ? "tar" : NULL;
    place_make();
    run(a_tree_comes_back);
    run(others_read_what_we_write);
    run(we_read_what_others_write);
    run(times_before_1970_and_ids_beyond_octal_are_kept);
    run(nothing_gets_out_of_the_directory);
    run(what_is_put_in_the_place_of_a_special_file_is_left_alone);
    run(an_archive_is_taken_whole_or_not);
    run(extended_headers_count);
    run(damaged_archives_do_no_harm);
    return 0;
}
