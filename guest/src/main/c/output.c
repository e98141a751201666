#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint8_t buffer[131072];
static size_t have;

int write_fully(int fd, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    while (size > 0) {
        ssize_t put = write(fd, from, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        if (put == 0) return EIO;
        from += put;
        size -= (size_t)put;
    }
    return 0;
}

int output_flush(void) {
    int failed = write_fully(1, buffer, have);
    have = 0;
    return failed;
}

int output_put(const void *bytes, size_t size) {
    if (size > sizeof buffer - have) {
        int failed = output_flush();
        if (failed) return failed;
        if (size > sizeof buffer) return write_fully(1, bytes, size);
    }
    memcpy(buffer + have, bytes, size);
    have += size;
    return 0;
}

uint8_t *output_room(size_t *size, int *failed) {
    *failed = have > sizeof buffer / 2 ? output_flush() : 0;
    *size = sizeof buffer - have;
    return buffer + have;
}

void output_used(size_t size) { have += size; }
