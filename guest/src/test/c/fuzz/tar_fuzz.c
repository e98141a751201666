/* with: files.c directories.c entries.c tar_out.c tar_write.c aside.c output.c link_table.c frames.c builtins.c
 * wrap: read open openat mkdir mkdirat unlinkat linkat symlinkat mknodat renameat fchownat utimensat fchown fchmod chmod write malloc calloc realloc
 * The input is an archive that a host has unpacked in a directory in which links lead out already: any bytes, a tar whose
 * checksums are put right, or one of entries made up. Every call that names a file is looked at before it is made, and what
 * stands beside the directory afterwards.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "fuzz.h"

#include "input.c"
#include "tar_read.c"
#include "tar_in.c"

#define STREAM_MAX (1 << 18)

static char base[64];
static uint8_t stream[STREAM_MAX]; /* what comes on stdin */
static size_t stream_size, stream_at;
static uint8_t piece;
static struct stat outside_was, secret_was;

/* --- what comes on stdin --- */

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size) {
    if (fd != 0 || !unpacking) return __real_read(fd, to, size);
    size_t got = stream_size - stream_at;
    if (got > size) got = size;
    if (piece && got > piece) got = piece;
    memcpy(to, stream + stream_at, got);
    stream_at += got;
    return (ssize_t)got;
}

/* --- the place --- */

static void put_file(const char *path, const char *content) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    must(fd >= 0 && write_fully(fd, content, strlen(content)) == 0);
    close(fd);
}

static const char *at(const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return path;
}

static void empty_directory(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    DIR *directory = fdopendir(fd);
    must(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(fd, entry->d_name, 0) == 0) continue;
        empty_directory(fd, entry->d_name);
        must(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
    }
    closedir(directory);
}

static void leave(void) {
    empty_directory(AT_FDCWD, base);
    rmdir(base);
}

static void make_base(void) {
    snprintf(base, sizeof base, "%s/vmette-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(base));
    snprintf(target, sizeof target, "%s/target", base);
    must(mkdir(at("outside"), 0750) == 0);
    put_file(at("outside/secret"), "safe");
    must(stat(at("outside"), &outside_was) == 0 && stat(at("outside/secret"), &secret_was) == 0);
    atexit(leave);
}

/* What may be in a guest's directory before: a directory, a file, links to the outside. */
static void make_target(void) {
    must(mkdir(target, 0755) == 0 && mkdir(at("target/d"), 0755) == 0);
    put_file(at("target/f"), "there");
    must(symlinkat("../outside", AT_FDCWD, at("target/out")) == 0);
    must(symlinkat("../../outside/secret", AT_FDCWD, at("target/d/secret")) == 0);
}

static bool same_time(const struct stat *one, const struct stat *two) {
    return one->st_mtim.tv_sec == two->st_mtim.tv_sec && one->st_mtim.tv_nsec == two->st_mtim.tv_nsec &&
           one->st_ctim.tv_sec == two->st_ctim.tv_sec && one->st_ctim.tv_nsec == two->st_ctim.tv_nsec;
}

static void check_outside(void) {
    struct stat outside, secret, above;
    must(stat(at("outside"), &outside) == 0 && same_time(&outside, &outside_was));
    must(stat(at("outside/secret"), &secret) == 0 && same_time(&secret, &secret_was));
    must(secret.st_nlink == 1 && secret.st_ino == secret_was.st_ino && secret.st_size == secret_was.st_size);
    must(stat(base, &above) == 0 && above.st_nlink == 4); /* the two directories */
}

/* --- archives --- */

static void add(const void *bytes, size_t size) {
    if (size > STREAM_MAX - stream_size) return;
    if (bytes) memcpy(stream + stream_size, bytes, size);
    else memset(stream + stream_size, 0, size);
    stream_size += size;
}

static void mend(struct tar_header *header) {
    snprintf(header->checksum, sizeof header->checksum, "%06o", (unsigned)tar_checksum(header));
}

/* Any blocks, where each that would be a header has its checksum. */
static void mended(const uint8_t *data, size_t size) {
    add(data, size);
    for (size_t i = 0; i + TAR_BLOCK <= stream_size;) {
        struct tar_header *header = (struct tar_header *)(void *)(stream + i);
        int64_t content;
        static const uint8_t zeros[TAR_BLOCK];
        i += TAR_BLOCK;
        if (memcmp(header, zeros, TAR_BLOCK) == 0) continue;
        mend(header);
        if (!number(header->size, sizeof header->size, &content) || content < 0 || content > STREAM_MAX) continue;
        i += (size_t)content + tar_padding((uint64_t)content);
    }
}

static void make_name(struct dice *dice, char *name, size_t room) {
    static const char *const words[] = {"a", "d", "f", "out", "secret", ".", "..", "", "b", "outside", "link", "target"};
    uint8_t how = roll(dice);
    *name = 0;
    if (how % 16 == 15) {
        size_t length = roll(dice) * 24u;
        if (length >= room) length = room - 1;
        memset(name, 'n', length);
        for (size_t i = how / 16 * 20u + 1; i < length; i += how / 16 * 20u + 2) name[i] = '/';
        name[length] = 0;
        return;
    }
    for (int i = how % 4; i >= 0; i--) {
        uint8_t word = roll(dice);
        strcat(name, words[word % (sizeof words / sizeof *words)]);
        if (i > 0 || word > 220) strcat(name, "/");
    }
}

static void add_header(char kind, const char *name, const char *link, uint64_t size, struct dice *dice) {
    struct tar_header header = {.kind = kind, .magic = "ustar"};
    memcpy(header.version, "00", 2);
    memcpy(header.name, name, strnlen(name, sizeof header.name));
    memcpy(header.link, link, strnlen(link, sizeof header.link));
    snprintf(header.mode, sizeof header.mode, "%07o", roll(dice) * 16u);
    snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long)(size & 077777777777));
    snprintf(header.mtime, sizeof header.mtime, "%011o", roll(dice) * 1000000u);
    uint8_t odd = roll(dice);
    if (odd % 32 == 1) ((uint8_t *)&header)[roll(dice) * 2 + (odd & 1)] ^= roll(dice);
    mend(&header);
    if (odd == 255) header.checksum[0]++;
    add(&header, sizeof header);
}

static void add_padded(const void *bytes, size_t size) {
    add(bytes, size);
    add(NULL, tar_padding(size));
}

static void add_record(struct dice *dice) {
    static const char *const keys[] = {"path", "linkpath", "size", "mtime", "uid", "gid", "comment", "GNU.sparse.major"};
    char value[PATH_MAX + 1000], text[PATH_MAX + 1100];
    uint8_t which = roll(dice);
    if (which % 8 < 2) make_name(dice, value, sizeof value);
    else snprintf(value, sizeof value, "%s%u%s", which & 64 ? "-" : "", roll(dice) * (which & 128 ? 1u : 9999999u), which & 32 ? ".25" : "");
    int length = snprintf(text, sizeof text, "%s=%s\n", keys[which % 8], value), whole = length + 2;
    for (int digits = 1; digits < 5; digits++) {
        char number[16];
        whole = length + 1 + digits;
        if (snprintf(number, sizeof number, "%d", whole) == digits) break;
    }
    char record_text[PATH_MAX + 1200];
    int size = snprintf(record_text, sizeof record_text, "%d %s", whole + (roll(dice) == 7), text);
    add_header('x', "x", "", (uint64_t)size, dice);
    add_padded(record_text, (size_t)size);
}

static void add_entry(struct dice *dice) {
    static const char kinds[] = "000012255346xxLKgV7S";
    char name[PATH_MAX + 1000], link[PATH_MAX + 1000];
    char kind = kinds[roll(dice) % (sizeof kinds - 1)];
    size_t size = roll(dice) % 8 == 7 ? roll(dice) * 37u : 3;
    if (kind == 'x') {
        add_record(dice);
        return;
    }
    make_name(dice, name, sizeof name);
    *link = 0;
    if (kind == TAR_HARD_LINK || kind == TAR_SYMBOLIC_LINK) make_name(dice, link, sizeof link);
    if (kind == 'L' || kind == 'K') {
        size = strlen(name) + 1;
        add_header(kind, "././@LongLink", "", size, dice);
        add_padded(name, size);
        return;
    }
    bool content = kind == '0' || kind == '7' || kind == 'g' || kind == 'V';
    add_header(kind, name, link, content ? size : 0, dice);
    static const uint8_t bytes[255 * 37];
    if (content) add_padded(bytes, size);
}

/* Puts what is in the stream into chunks. */
static void frame(uint8_t chunk) {
    static uint8_t unframed[STREAM_MAX];
    size_t size = stream_size, step = chunk ? chunk * 7u : STREAM_MAX;
    memcpy(unframed, stream, size);
    stream_size = 0;
    for (size_t i = 0; i < size; i += step) {
        uint32_t part = (uint32_t)(size - i < step ? size - i : step);
        add(&part, 4);
        add(unframed + i, part);
    }
    if (chunk != 1) add("\0\0\0\0", 4); /* else it is cut off */
}

/* --- one input --- */

static int lowest_free(void) {
    int fd = dup(2);
    close(fd);
    return fd;
}

static void as_at_the_start(void) {
    head = tail = 0;
    left = 0;
    ended = false;
    content_left = padding = 0;
    memset(&said, 0, sizeof said);
    root = parent_fd = -1;
    pending_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!*base) make_base();
    struct dice dice = {data, data + size};
    uint8_t how = roll(&dice), chunk = roll(&dice);
    piece = roll(&dice);
    stream_size = stream_at = 0;
    if (how % 4 == 0) {
        add(dice.at, (size_t)(dice.end - dice.at));
    } else if (how % 4 == 1) {
        mended(dice.at, (size_t)(dice.end - dice.at));
        frame(chunk);
    } else {
        for (int i = 0; i < 40 && dice.at < dice.end; i++) add_entry(&dice);
        if (how < 200) add(NULL, 2 * TAR_BLOCK);
        frame(chunk);
    }
    make_target();
    int before = lowest_free();
    as_at_the_start();
    char *arguments[] = {target, NULL};
    unpacking = true;
    int status = builtin_tar_in(arguments, 1);
    unpacking = false;
    must(status >= 0 && (status <= 133 || (status >= STATUS_BAD_ARCHIVE && status <= STATUS_UNSAFE_NAME)));
    must(status != 0 || (ended && pending_count == 0)); /* all of it, or it has not succeeded */
    if (parent_fd >= 0) close(parent_fd);
    close(root);
    must(lowest_free() == before);
    check_outside();
    empty_directory(AT_FDCWD, target);
    must(rmdir(target) == 0);
    return 0;
}
