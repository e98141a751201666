/*
 * Tar archives as POSIX pax and GNU have them, one entry at a time and in bounded memory: tar_read.c takes them off
 * the input, tar_write.c puts them on the output. Neither touches a file.
 */
#ifndef VMETTE_TAR_H
#define VMETTE_TAR_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512

enum tar_kind {
    TAR_FILE = '0', TAR_HARD_LINK = '1', TAR_SYMBOLIC_LINK = '2', TAR_CHARACTERS = '3', TAR_BLOCKS = '4',
    TAR_DIRECTORY = '5', TAR_FIFO = '6',
};

struct tar_entry {
    char kind;
    uint32_t mode; /* permission bits, 07777 */
    uint32_t uid, gid;
    uint32_t device_major, device_minor;
    uint64_t size; /* of a file's content */
    int64_t seconds;
    uint32_t nanos; /* of the modification time */
    char name[PATH_MAX], link[PATH_MAX];
};

/* Bytes that fill the last block of so many. */
static inline size_t tar_padding(uint64_t size) { return (size_t)(-size % TAR_BLOCK); }

/* --- reading --- */

enum { TAR_END = -1 };

/* The next entry; what the former's content has left is skipped. 0, TAR_END, an errno, or a builtin_status. */
int tar_next(struct tar_entry *);

/* More of the entry's content. Size 0: that was all. 0, an errno, or a builtin_status. */
int tar_content(const uint8_t **bytes, size_t *size);

/* --- writing --- */

/* 0 or errno. A file's content follows, and its padding. */
int tar_put_entry(const struct tar_entry *);
int tar_put_padding(uint64_t size);
int tar_put_end(void);

/* The header of one block, in which every field is text. */
struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], kind, link[100], magic[6], version[2];
    char user[32], group[32], device_major[8], device_minor[8], prefix[155], rest[12];
};

uint32_t tar_checksum(const struct tar_header *);

#endif
