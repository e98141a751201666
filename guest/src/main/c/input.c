#include "input.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_SIZE 4

static uint8_t buffer[65536];
static size_t head, tail;
static uint32_t left; /* of the chunk */
static bool ended;

static int fill(void) {
    ssize_t got;
    do got = read(0, buffer, sizeof buffer);
    while (got < 0 && errno == EINTR);
    if (got == 0) errno = ECANCELED;
    if (got <= 0) return -1;
    head = 0;
    tail = (size_t)got;
    return 0;
}

static int begin_chunk(void) {
    left = 0;
    for (int i = 0; i < LENGTH_SIZE; i++) {
        if (head == tail && fill() < 0) return -1;
        left |= (uint32_t)buffer[head++] << (8 * i);
    }
    ended = left == 0;
    return 0;
}

ssize_t input_take(const uint8_t **bytes, size_t most) {
    if (left == 0 && !ended && begin_chunk() < 0) return -1;
    if (ended) return 0;
    if (head == tail && fill() < 0) return -1;
    size_t size = tail - head;
    if (size > left) size = left;
    if (size > most) size = most;
    *bytes = buffer + head;
    head += size;
    left -= (uint32_t)size;
    return (ssize_t)size;
}

int input_read(void *to, size_t size) {
    while (size > 0) {
        const uint8_t *bytes;
        ssize_t got = input_take(&bytes, size);
        if (got <= 0) return got < 0 ? errno : ENODATA;
        memcpy(to, bytes, (size_t)got);
        to = (uint8_t *)to + got;
        size -= (size_t)got;
    }
    return 0;
}
