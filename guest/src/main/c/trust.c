#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "points.h"

#define BUNDLE_MAX (4u << 20) /* of a bundle that the root has; the distributions' are a quarter to half a MiB */
#define NEW_BUNDLE "etc/ssl/certs/ca-certificates.crt"

/* Debian, Alpine and Arch; Fedora, the second mostly a link to the first; SUSE; Alpine's and Arch's OpenSSL; Debian's OpenSSL. */
static const char *const bundles[] = {
    NEW_BUNDLE,
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
    "usr/lib/ssl/cert.pem",
};
#define BUNDLES (sizeof bundles / sizeof *bundles)

/* Where the distributions' own tools take more certificates from when they write the bundle anew, and what tells that it is theirs. */
static const struct {
    const char *directory, *sign;
} anchors[] = {
    {"usr/local/share/ca-certificates", "usr/local/share/ca-certificates"}, /* update-ca-certificates */
    {"usr/local/share/ca-certificates", "etc/debian_version"},
    {"usr/local/share/ca-certificates", "etc/alpine-release"},
    {"etc/pki/ca-trust/source/anchors", "etc/pki/ca-trust/source/anchors"}, /* update-ca-trust */
    {"etc/pki/trust/anchors", "etc/pki/trust/anchors"},
    {"etc/ca-certificates/trust-source/anchors", "etc/ca-certificates/trust-source/anchors"}, /* trust */
};

static uint8_t *kept; /* as a frame's list */
static uint32_t size, count;

bool trust_add(struct list certificates) {
    if (certificates.size > TRUST_SIZE - size || certificates.count > TRUST_COUNT - count) {
        errno = E2BIG;
        return false;
    }
    uint8_t *more = realloc(kept, (size_t)size + certificates.size + 1);
    if (!more) return false;
    kept = more;
    memcpy(kept + size, certificates.bytes, certificates.size);
    size += certificates.size;
    count += certificates.count;
    return true;
}

static struct list all(void) { return (struct list){.bytes = kept, .size = size, .count = count}; }

/* All of them as one text. */
static size_t put_all(char *at) {
    struct list rest = all();
    size_t length = 0;
    for (struct text one; list_next(&rest, &one); length += one.length) memcpy(at + length, one.bytes, one.length);
    return length;
}

/* What the root's bundle holds, at most BUNDLE_MAX bytes, its last line ended. -1: errno. */
static ssize_t read_bundle(int fd, char *bytes) {
    size_t have = 0;
    while (have <= BUNDLE_MAX) {
        ssize_t got = read(fd, bytes + have, BUNDLE_MAX + 1 - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) {
            if (have > 0 && bytes[have - 1] != '\n') bytes[have++] = '\n';
            return (ssize_t)have;
        }
        have += (size_t)got;
    }
    errno = EFBIG;
    return -1;
}

/* --- the steps; each says what went wrong --- */

enum outcome { ABSENT, PLACED, REFUSED };

/* Lays a copy of the root's bundle with ours at its end over it. */
static enum outcome append(const char *path, char *room, char real[POINTS_PATH], char done[BUNDLES][POINTS_PATH], size_t *placed) {
    int fd = points_lower_file(path, real);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return ABSENT;
        enum outcome outcome = errno == EINVAL || errno == ELOOP ? ABSENT : REFUSED;
        console_say("cannot put certificates into /%s: %s", path, strerror(errno));
        return outcome;
    }
    for (size_t i = 0; i < *placed; i++) {
        if (strcmp(done[i], real) == 0) {
            close(fd);
            return PLACED;
        }
    }
    ssize_t have = read_bundle(fd, room);
    int number = errno;
    close(fd);
    errno = number;
    if (have < 0 || !points_file(real, room, (size_t)have + put_all(room + have), 0644, false)) {
        number = errno;
        console_say("cannot put certificates into /%s: %s", path, strerror(number));
        errno = number;
        return REFUSED;
    }
    strcpy(done[(*placed)++], real);
    return PLACED;
}

/* The root has no bundle: makes one. */
static bool begin_bundle(char *room, char real[POINTS_PATH]) {
    size_t length = put_all(room);
    strcpy(real, NEW_BUNDLE);
    if (points_file(real, room, length, 0644, true)) return true;
    /* The directory is a link, as Fedora's. */
    char directory[POINTS_PATH];
    if (errno != ENOTDIR || !points_lower_directory("etc/ssl/certs", directory)) return false;
    int all_of_it = snprintf(real, POINTS_PATH, "%s/ca-certificates.crt", directory);
    errno = ENAMETOOLONG;
    return all_of_it < POINTS_PATH && points_file(real, room, length, 0644, false);
}

/* For the distribution's tool: one in each file. */
static void place_anchors(const char *directory) {
    char real[POINTS_PATH], file[POINTS_PATH + 32];
    bool there = points_lower_directory(directory, real);
    struct list rest = all();
    unsigned number = 1;
    for (struct text one; list_next(&rest, &one); number++) {
        snprintf(file, sizeof file, "%s/vmette-%u.crt", there ? real : directory, number);
        if (points_file(file, one.bytes, one.length, 0644, !there)) continue;
        console_say("cannot put certificates into /%s: %s", directory, strerror(errno));
        return;
    }
}

/* The file that OpenSSL reads by itself: where there is none, a link to the bundle. */
static void link_default(const char *path, const char *bundle) {
    char target[POINTS_PATH + 1];
    if (points_lower_has(path)) return;
    snprintf(target, sizeof target, "/%s", bundle);
    if (!points_link(path, target, true)) console_say("cannot put certificates into /%s: %s", path, strerror(errno));
}

static bool place(char *room, char *why, size_t why_size) {
    char done[BUNDLES][POINTS_PATH];
    size_t placed = 0;
    bool refused = false;
    int number = 0;
    for (size_t i = 0; i < BUNDLES; i++) {
        char real[POINTS_PATH];
        if (append(bundles[i], room, real, done, &placed) == REFUSED) {
            refused = true;
            number = errno;
        }
    }
    if (placed == 0 && (refused || !begin_bundle(room, done[0]))) {
        if (!refused) number = errno;
        snprintf(why, why_size, "cannot put the certificates anywhere in the root: %s", strerror(number));
        errno = number;
        return false;
    }
    const char *before = "";
    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
        if (strcmp(before, anchors[i].directory) == 0 || !points_lower_has(anchors[i].sign)) continue;
        before = anchors[i].directory;
        place_anchors(before);
    }
    link_default("etc/ssl/cert.pem", done[0]);
    if (points_lower_has("etc/debian_version")) link_default("usr/lib/ssl/cert.pem", done[0]);
    return true;
}

bool trust_place(char *why, size_t why_size) {
    if (count == 0) return true;
    char *room = malloc((size_t)BUNDLE_MAX + 2 + size);
    bool fine = room && place(room, why, why_size);
    int number = errno;
    if (!room) snprintf(why, why_size, "no memory for the certificates");
    free(room);
    free(kept);
    kept = NULL;
    size = count = 0;
    errno = number;
    return fine;
}
