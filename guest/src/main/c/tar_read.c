#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "builtins.h"
#include "input.h"
#include "tar.h"

#define EXTENDED_MAX (256 << 10) /* bytes of an extended header, which may carry attributes that are not used */

static uint64_t content_left;
static size_t padding;

/* What extended headers and long names say of the next entry. */
static struct {
    bool name, link, size, uid, gid, time;
    struct tar_entry entry;
} said;

/* An input that ends where the archive does not. */
static int cut(int failed) { return failed == ENODATA ? STATUS_BAD_ARCHIVE : failed; }

static int skip(uint64_t size) {
    while (size > 0) {
        const uint8_t *bytes;
        ssize_t got = input_take(&bytes, size < SIZE_MAX / 2 ? (size_t)size : SIZE_MAX / 2);
        if (got <= 0) return got < 0 ? errno : STATUS_BAD_ARCHIVE;
        size -= (uint64_t)got;
    }
    return 0;
}

int tar_content(const uint8_t **bytes, size_t *size) {
    if (content_left == 0) {
        *size = 0;
        return 0;
    }
    ssize_t got = input_take(bytes, content_left < SIZE_MAX / 2 ? (size_t)content_left : SIZE_MAX / 2);
    if (got <= 0) return got < 0 ? errno : STATUS_BAD_ARCHIVE;
    *size = (size_t)got;
    content_left -= (uint64_t)got;
    return 0;
}

/* --- fields --- */

/* Octal digits among spaces and NULs, or base 256 with the first bit set (GNU). */
static bool number(const char *field, size_t size, int64_t *value) {
    uint64_t sum = 0;
    size_t i = 0;
    if ((uint8_t)field[0] & 0x80) {
        bool negative = (uint8_t)field[0] & 0x40;
        uint64_t fill = negative ? UINT64_MAX : 0;
        sum = negative ? fill : 0;
        for (; i < size; i++) {
            uint8_t byte = (uint8_t)field[i];
            if (i == 0) byte = negative ? byte | 0x80 : byte & 0x7f;
            if (size - i > 8 && byte != (uint8_t)fill) return false;
            sum = sum << 8 | byte;
        }
        *value = (int64_t)sum;
        return (*value < 0) == negative;
    }
    while (i < size && field[i] == ' ') i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
        if (sum >> 60) return false;
        sum = sum << 3 | (uint64_t)(field[i] - '0');
    }
    for (; i < size; i++) {
        if (field[i] != ' ' && field[i] != 0) return false;
    }
    *value = (int64_t)sum;
    return true;
}

static bool small(const char *field, size_t size, uint32_t most, uint32_t *value) {
    int64_t wide;
    if (!number(field, size, &wide) || wide < 0 || wide > most) return false;
    *value = (uint32_t)wide;
    return true;
}

static bool sum_fits(const struct tar_header *header) {
    int64_t stated;
    if (!number(header->checksum, sizeof header->checksum, &stated)) return false;
    int64_t difference = 0; /* old archives summed signed bytes */
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, kind);
        if (!own && ((const uint8_t *)header)[i] > 127) difference += 256;
    }
    int64_t sum = tar_checksum(header);
    return stated == sum || stated == sum - difference;
}

static void field_text(char *to, const char *field, size_t size) {
    size_t length = strnlen(field, size);
    memcpy(to, field, length);
    to[length] = 0;
}

/* --- extended headers --- */

static bool keep_text(char to[PATH_MAX], const char *text, size_t length, bool *kept) {
    if (length >= PATH_MAX || memchr(text, 0, length)) return false;
    memcpy(to, text, length);
    to[length] = 0;
    *kept = length > 0; /* empty: the header's own after all */
    return true;
}

static bool decimal(const char *text, uint64_t most, uint64_t *value) { return number_of(text, 10, most, value); }

static bool keep_id(const char *text, uint32_t *id, bool *kept) {
    uint64_t wide;
    if (!decimal(text, UINT32_MAX, &wide)) return false;
    *id = (uint32_t)wide;
    *kept = true;
    return true;
}

/* [-]seconds[.fraction] */
static bool keep_time(char *text) {
    bool negative = *text == '-';
    char *point = strchr(text, '.');
    uint64_t seconds;
    uint32_t nanos = 0, weight = 100000000;
    if (point) {
        *point = 0;
        for (const char *digit = point + 1; *digit; digit++, weight /= 10) {
            if (*digit < '0' || *digit > '9') return false;
            nanos += weight * (uint32_t)(*digit - '0');
        }
    }
    if (!decimal(text + negative, INT64_MAX / 2, &seconds)) return false;
    said.entry.seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
    said.entry.nanos = nanos;
    if (negative && nanos) {
        said.entry.seconds--;
        said.entry.nanos = 1000000000 - nanos;
    }
    said.time = true;
    return true;
}

static int record(const char *key, char *value, size_t length) {
    bool fine = true, whole = strlen(value) == length;
    if (strcmp(key, "path") == 0) fine = keep_text(said.entry.name, value, length, &said.name);
    else if (strcmp(key, "linkpath") == 0) fine = keep_text(said.entry.link, value, length, &said.link);
    else if (strcmp(key, "size") == 0) fine = said.size = whole && decimal(value, INT64_MAX, &said.entry.size);
    else if (strcmp(key, "uid") == 0) fine = whole && keep_id(value, &said.entry.uid, &said.uid);
    else if (strcmp(key, "gid") == 0) fine = whole && keep_id(value, &said.entry.gid, &said.gid);
    else if (strcmp(key, "mtime") == 0) fine = whole && keep_time(value);
    else if (strncmp(key, "GNU.sparse.", 11) == 0) return STATUS_UNSUPPORTED;
    return fine ? 0 : STATUS_BAD_ARCHIVE;
}

/* "LENGTH KEY=VALUE\n", the length being that of the whole record. */
static int records(char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        size_t length = 0, start = at;
        for (; at < size && text[at] >= '0' && text[at] <= '9' && length <= EXTENDED_MAX; at++) {
            length = length * 10 + (size_t)(text[at] - '0');
        }
        size_t digits = at - start;
        if (digits == 0 || at == size || text[at] != ' ' || length > size - start || length < digits + 4) {
            return STATUS_BAD_ARCHIVE;
        }
        char *key = text + at + 1, *end = text + start + length - 1;
        char *equals = memchr(key, '=', (size_t)(end - key));
        if (*end != '\n' || !equals) return STATUS_BAD_ARCHIVE;
        *equals = *end = 0;
        int failed = record(key, equals + 1, (size_t)(end - equals - 1));
        if (failed) return failed;
        at = start + length;
    }
    return 0;
}

static int extended(uint64_t size) {
    static char text[EXTENDED_MAX];
    if (size > sizeof text) return STATUS_BAD_ARCHIVE;
    int failed = cut(input_read(text, (size_t)size));
    if (!failed) failed = records(text, (size_t)size);
    return failed ? failed : skip(tar_padding(size));
}

/* GNU's entry whose content is the next one's name, NUL included. */
static int long_text(uint64_t size, char to[PATH_MAX], bool *kept) {
    char text[PATH_MAX];
    if (size == 0 || size > sizeof text) return STATUS_BAD_ARCHIVE;
    int failed = cut(input_read(text, (size_t)size));
    if (failed) return failed;
    size_t length = strnlen(text, (size_t)size);
    if (!keep_text(to, text, length, kept)) return STATUS_BAD_ARCHIVE;
    return skip(tar_padding(size));
}

/* --- entries --- */

static int entry_of(const struct tar_header *header, struct tar_entry *entry) {
    int64_t size;
    memset(entry, 0, offsetof(struct tar_entry, name));
    entry->kind = header->kind;
    if (!number(header->size, sizeof header->size, &size) || size < 0 ||
        !small(header->mode, sizeof header->mode, UINT32_MAX, &entry->mode) ||
        !small(header->uid, sizeof header->uid, UINT32_MAX, &entry->uid) ||
        !small(header->gid, sizeof header->gid, UINT32_MAX, &entry->gid) ||
        !small(header->device_major, sizeof header->device_major, UINT32_MAX, &entry->device_major) ||
        !small(header->device_minor, sizeof header->device_minor, UINT32_MAX, &entry->device_minor) ||
        !number(header->mtime, sizeof header->mtime, &entry->seconds)) {
        return STATUS_BAD_ARCHIVE;
    }
    entry->mode &= 07777;
    entry->size = (uint64_t)size;
    entry->nanos = 0;
    char *name = entry->name;
    if (memcmp(header->magic, "ustar", 6) == 0 && header->prefix[0]) { /* GNU's own magic has no NUL, and no prefix */
        field_text(name, header->prefix, sizeof header->prefix);
        name += strlen(name);
        *name++ = '/';
    }
    field_text(name, header->name, sizeof header->name);
    field_text(entry->link, header->link, sizeof header->link);
    return 0;
}

static void apply_said(struct tar_entry *entry) {
    if (said.name) strcpy(entry->name, said.entry.name);
    if (said.link) strcpy(entry->link, said.entry.link);
    if (said.size) entry->size = said.entry.size;
    if (said.uid) entry->uid = said.entry.uid;
    if (said.gid) entry->gid = said.entry.gid;
    if (said.time) {
        entry->seconds = said.entry.seconds;
        entry->nanos = said.entry.nanos;
    }
    said.name = said.link = said.size = said.uid = said.gid = said.time = false;
}

static int settle_kind(struct tar_entry *entry) {
    size_t length = strlen(entry->name);
    if (entry->kind == 0 || entry->kind == '7') entry->kind = TAR_FILE;
    if (entry->kind == TAR_FILE && length > 0 && entry->name[length - 1] == '/') entry->kind = TAR_DIRECTORY;
    if (entry->kind < TAR_FILE || entry->kind > TAR_FIFO) return STATUS_UNSUPPORTED;
    if (entry->kind != TAR_FILE) entry->size = 0; /* a size there is no content's */
    return 0;
}

static int end_of_archive(void) {
    const uint8_t *bytes;
    ssize_t got;
    do got = input_take(&bytes, SIZE_MAX / 2); /* what fills the last record */
    while (got > 0);
    return got < 0 ? errno : TAR_END;
}

int tar_next(struct tar_entry *entry) {
    static const struct tar_header empty;
    struct tar_header header;
    int failed = skip(content_left + padding);
    content_left = padding = 0;
    while (!failed) {
        failed = cut(input_read(&header, sizeof header));
        if (failed) break;
        if (memcmp(&header, &empty, sizeof header) == 0) return end_of_archive();
        if (!sum_fits(&header)) return STATUS_BAD_ARCHIVE;
        failed = entry_of(&header, entry);
        if (failed) break;
        switch (entry->kind) {
        case 'x':
            failed = extended(entry->size);
            break;
        case 'g': /* of all entries; what it may say of them is of no use here */
        case 'V':
            failed = entry->size > INT64_MAX - TAR_BLOCK ? STATUS_BAD_ARCHIVE
                                                         : skip(entry->size + tar_padding(entry->size));
            break;
        case 'L':
            failed = long_text(entry->size, said.entry.name, &said.name);
            break;
        case 'K':
            failed = long_text(entry->size, said.entry.link, &said.link);
            break;
        default:
            apply_said(entry);
            failed = settle_kind(entry);
            if (!failed && entry->size > INT64_MAX - TAR_BLOCK) failed = STATUS_BAD_ARCHIVE;
            if (!failed) {
                content_left = entry->size;
                padding = tar_padding(entry->size);
            }
            return failed;
        }
    }
    return failed;
}
