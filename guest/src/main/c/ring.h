/*
 * A ring of an output's most recent bytes, each known by its offset from the output's beginning. No descriptor, no
 * allocation: pieces of its memory are handed out to be filled and to be sent.
 */
#ifndef VMETTE_RING_H
#define VMETTE_RING_H

#include <stdint.h>
#include <sys/uio.h>

struct ring {
    uint8_t *bytes;
    uint32_t size;
    uint64_t first, end; /* the bytes [first, end) are held; end - first <= size */
};

/* An empty ring over size bytes of memory, at least one, whose next byte has the offset `at`. */
void ring_init(struct ring *, uint8_t *bytes, uint32_t size, uint64_t at);

/* Where the next `most` bytes go, cut down to the size: in one or two pieces, whose number is returned. */
int ring_space(const struct ring *, uint32_t most, struct iovec pieces[2]);

/* That many bytes of the space were filled; the oldest are gone for it where they have to be. */
void ring_filled(struct ring *, uint32_t count);

/* The held bytes from `from` (first to end) on, `most` at most: none, one or two pieces. */
int ring_held(const struct ring *, uint64_t from, uint32_t most, struct iovec pieces[2]);

#endif
