/* The ring against the simplest model there is: all bytes ever put in, and which of them must still be held. */
#include "ring.h"

#include <string.h>

#include "check.h"

const char *test_name;

static uint64_t state = 0x9e3779b97f4a7c15;
static uint32_t chance(uint32_t below) { /* xorshift64*, the same sequence each run */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 33) % below;
}

/* What an output has at an offset: determined by it, and different a few bytes on. */
static uint8_t byte_at(uint64_t offset) { return (uint8_t)((offset * 0x9e3779b97f4a7c15) >> 56); }

static void fill(struct ring *ring, uint32_t most, uint32_t count) {
    struct iovec pieces[2];
    int number = ring_space(ring, most, pieces);
    uint32_t space = 0, left = count;
    uint64_t offset = ring->end;
    for (int i = 0; i < number; i++) {
        uint8_t *bytes = pieces[i].iov_base;
        check(bytes >= ring->bytes && bytes + pieces[i].iov_len <= ring->bytes + ring->size && pieces[i].iov_len > 0);
        space += (uint32_t)pieces[i].iov_len;
        for (size_t j = 0; j < pieces[i].iov_len && left > 0; j++, left--) bytes[j] = byte_at(offset++);
    }
    check_equal(space, most < ring->size ? most : ring->size);
    ring_filled(ring, count);
}

static void check_held(const struct ring *ring, uint64_t from, uint32_t most) {
    struct iovec pieces[2];
    int number = ring_held(ring, from, most, pieces);
    uint64_t offset = from;
    for (int i = 0; i < number; i++) {
        const uint8_t *bytes = pieces[i].iov_base;
        check(bytes >= ring->bytes && bytes + pieces[i].iov_len <= ring->bytes + ring->size && pieces[i].iov_len > 0);
        for (size_t j = 0; j < pieces[i].iov_len; j++, offset++) {
            check_says(bytes[j] == byte_at(offset), "offset %llu of [%llu, %llu) in %u", (unsigned long long)offset,
                       (unsigned long long)ring->first, (unsigned long long)ring->end, ring->size);
        }
    }
    uint64_t held = ring->end - from;
    check_equal(offset - from, held < most ? held : most);
}

static void random_work_agrees_with_the_model(void) {
    const uint64_t starts[] = {0, 1, 0xfffffff0, 0x100000000, 0x7ffffffffffffff0, 0xfffffffff0000000};
    for (int round = 0; round < 600; round++) {
        uint32_t size = round % 3 ? 1 + chance(40) : 1 + chance(5000);
        uint64_t start = starts[chance(6)];
        struct ring ring;
        uint8_t *bytes = malloc(size); /* the sanitizer sees a step past its end */
        ring_init(&ring, bytes, size, start);
        check(ring.first == start && ring.end == start);
        uint64_t total = 0;
        for (int step = 0; step < 200; step++) {
            uint32_t most = chance(2 * size + 2), space = most < size ? most : size;
            uint32_t count = space > 0 ? chance(space + 1) : 0;
            fill(&ring, most, count);
            total += count;
            check(ring.end == start + total);
            check(ring.first == (total > size ? ring.end - size : start));
            check_held(&ring, ring.first, UINT32_MAX);
            check_held(&ring, ring.end - chance((uint32_t)(ring.end - ring.first) + 1), chance(2 * size + 2));
        }
        free(bytes);
    }
}

static void a_full_ring_gives_its_bytes_in_two_pieces_and_an_empty_one_none(void) {
    uint8_t bytes[10];
    struct ring ring;
    struct iovec pieces[2];
    ring_init(&ring, bytes, sizeof bytes, 0);
    check_equal(ring_held(&ring, 0, 100, pieces), 0);
    check_equal(ring_space(&ring, 0, pieces), 0);
    check_equal(ring_space(&ring, 100, pieces), 1);
    fill(&ring, 10, 10);
    check_equal(ring.first, 0);
    check_equal(ring_held(&ring, 0, 100, pieces), 1);
    fill(&ring, 3, 3);
    check_equal(ring.first, 3);
    check_equal(ring_held(&ring, 3, 100, pieces), 2);
    check_equal(pieces[0].iov_len, 7);
    check_equal(pieces[1].iov_len, 3);
    check_equal(ring_held(&ring, 13, 100, pieces), 0);
    check_equal(ring_space(&ring, 10, pieces), 2);
}

int main(void) {
    run(random_work_agrees_with_the_model);
    run(a_full_ring_gives_its_bytes_in_two_pieces_and_an_empty_one_none);
    return 0;
}
