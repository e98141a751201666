#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "tar.h"

#define PAX_MAX (2 * (PATH_MAX + 32) + 6 * 64)

static const uint8_t zeros[2 * TAR_BLOCK];

uint32_t tar_checksum(const struct tar_header *header) {
    const uint8_t *bytes = (const uint8_t *)header;
    uint32_t sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, kind);
        sum += own ? ' ' : bytes[i];
    }
    return sum;
}

/* --- extended headers: what the fields cannot hold --- */

static char pax[PAX_MAX];
static size_t pax_size;

/* A record says its own length, which counts its own digits. */
static void extend(const char *key, const char *value) {
    size_t bare = strlen(key) + strlen(value) + 3, length = bare + 1;
    while (true) {
        size_t digits = (size_t)snprintf(NULL, 0, "%zu", length);
        if (bare + digits == length) break;
        length = bare + digits;
    }
    pax_size += (size_t)snprintf(pax + pax_size, sizeof pax - pax_size, "%zu %s=%s\n", length, key, value);
}

static void extend_number(const char *key, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    extend(key, text);
}

/* Octal digits; what does not fit is 0 here and in the extended header. */
static void put_number(char *field, size_t size, const char *key, int64_t value) {
    uint64_t most = ((uint64_t)1 << (3 * (size - 1))) - 1;
    bool fits = value >= 0 && (uint64_t)value <= most;
    if (!fits && key) extend_number(key, value);
    for (size_t i = size - 1; i-- > 0; value >>= 3) field[i] = fits ? (char)('0' + (value & 7)) : '0';
    field[size - 1] = 0;
}

/* A long name may be parted at a slash. */
static bool split_name(struct tar_header *header, const char *name) {
    size_t length = strlen(name);
    if (length <= sizeof header->name) {
        memcpy(header->name, name, length);
        return true;
    }
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t before = (size_t)(slash - name), after = length - before - 1;
        if (before == 0 || before > sizeof header->prefix || after == 0 || after > sizeof header->name) continue;
        memcpy(header->prefix, name, before);
        memcpy(header->name, slash + 1, after);
        return true;
    }
    memcpy(header->name, name, sizeof header->name);
    return false;
}

static void put_name(struct tar_header *header, const char *name) {
    if (!split_name(header, name)) extend("path", name);
}

static void put_link(struct tar_header *header, const char *link) {
    size_t length = strlen(link);
    if (length > sizeof header->link) {
        extend("linkpath", link);
        length = sizeof header->link;
    }
    memcpy(header->link, link, length);
}

/* --- blocks --- */

static int put_block(struct tar_header *header) {
    memcpy(header->magic, "ustar", sizeof header->magic);
    memcpy(header->version, "00", sizeof header->version);
    char sum[8];
    snprintf(sum, sizeof sum, "%06o", (unsigned)tar_checksum(header));
    memcpy(header->checksum, sum, 7);
    header->checksum[7] = ' ';
    return output_put(header, sizeof *header);
}

static int put_extended(void) {
    struct tar_header header = {.kind = 'x'};
    strcpy(header.name, "././@PaxHeader");
    put_number(header.mode, sizeof header.mode, NULL, 0644);
    put_number(header.uid, sizeof header.uid, NULL, 0);
    put_number(header.gid, sizeof header.gid, NULL, 0);
    put_number(header.mtime, sizeof header.mtime, NULL, 0);
    put_number(header.size, sizeof header.size, NULL, (int64_t)pax_size);
    int failed = put_block(&header);
    if (!failed) failed = output_put(pax, pax_size);
    return failed ? failed : tar_put_padding(pax_size);
}

int tar_put_entry(const struct tar_entry *entry) {
    _Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is a block");
    struct tar_header header = {.kind = entry->kind};
    pax_size = 0;
    put_name(&header, entry->name);
    put_link(&header, entry->link);
    put_number(header.mode, sizeof header.mode, NULL, entry->mode & 07777);
    put_number(header.uid, sizeof header.uid, "uid", entry->uid);
    put_number(header.gid, sizeof header.gid, "gid", entry->gid);
    put_number(header.size, sizeof header.size, "size", entry->kind == TAR_FILE ? (int64_t)entry->size : 0);
    put_number(header.mtime, sizeof header.mtime, "mtime", entry->seconds);
    put_number(header.device_major, sizeof header.device_major, NULL, entry->device_major);
    put_number(header.device_minor, sizeof header.device_minor, NULL, entry->device_minor);
    int failed = pax_size ? put_extended() : 0;
    return failed ? failed : put_block(&header);
}

int tar_put_padding(uint64_t size) { return output_put(zeros, tar_padding(size)); }

int tar_put_end(void) { return output_put(zeros, sizeof zeros); }
