#include "ring.h"

void ring_init(struct ring *ring, uint8_t *bytes, uint32_t size, uint64_t at) {
    ring->bytes = bytes;
    ring->size = size;
    ring->first = ring->end = at;
}

static int cut(const struct ring *ring, uint64_t from, uint32_t count, struct iovec pieces[2]) {
    if (count == 0) return 0;
    uint32_t at = (uint32_t)(from % ring->size), until_wrap = ring->size - at;
    uint32_t front = count < until_wrap ? count : until_wrap;
    pieces[0] = (struct iovec){.iov_base = ring->bytes + at, .iov_len = front};
    if (front == count) return 1;
    pieces[1] = (struct iovec){.iov_base = ring->bytes, .iov_len = count - front};
    return 2;
}

int ring_space(const struct ring *ring, uint32_t most, struct iovec pieces[2]) {
    return cut(ring, ring->end, most < ring->size ? most : ring->size, pieces);
}

void ring_filled(struct ring *ring, uint32_t count) {
    ring->end += count;
    if (ring->end - ring->first > ring->size) ring->first = ring->end - ring->size;
}

int ring_held(const struct ring *ring, uint64_t from, uint32_t most, struct iovec pieces[2]) {
    uint64_t held = ring->end - from;
    return cut(ring, from, held < most ? (uint32_t)held : most, pieces);
}
