/* with:
 * wrap: read
 * The input is what a host sends to a built-in: chunks, read in whatever pieces. What is taken is what a plain reading of
 * the whole finds, however it is asked for; one that stops short of its end is never taken for whole. */
#include "fuzz.h"

#include "input.c"

static const uint8_t *stdin_at, *stdin_end;
static struct dice pieces; /* how much each read gets */

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size) {
    if (fd != 0) return __real_read(fd, to, size);
    uint8_t piece = roll(&pieces);
    if (piece == 1) {
        errno = EINTR;
        return -1;
    }
    size_t got = (size_t)(stdin_end - stdin_at);
    if (got > size) got = size;
    if (piece && got > piece) got = piece;
    memcpy(to, stdin_at, got);
    stdin_at += got;
    return (ssize_t)got;
}

/* The content of the chunks, as one would find it with all of them in hand. True: they end as they should. */
static bool plain(const uint8_t *from, size_t size, uint8_t *to, size_t *length) {
    *length = 0;
    for (size_t at = 0; size - at >= 4;) {
        size_t chunk = from[at] | from[at + 1] << 8 | from[at + 2] << 16 | (size_t)from[at + 3] << 24;
        at += 4;
        if (chunk == 0) return true;
        size_t there = chunk < size - at ? chunk : size - at;
        memcpy(to + *length, from + at, there);
        *length += there;
        at += there;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dice dice = {data, data + size};
    size_t told = roll(&dice), wants_count = told % 16;
    const uint8_t *wants = dice.at;
    while (wants_count > (size_t)(dice.end - dice.at)) wants_count /= 2;
    dice.at += wants_count;
    size_t pieces_count = told / 16;
    while (pieces_count > (size_t)(dice.end - dice.at)) pieces_count /= 2;
    pieces = (struct dice){dice.at, dice.at + pieces_count};
    dice.at += pieces_count;
    size_t left_over = (size_t)(dice.end - dice.at), length;
    uint8_t *expected = malloc(left_over + 1), *got = malloc(left_over + 1);
    bool whole = plain(dice.at, left_over, expected, &length);
    stdin_at = dice.at;
    stdin_end = dice.end;

    head = tail = 0;
    left = 0;
    ended = false;
    size_t taken = 0;
    int over = 0; /* ENODATA or ECANCELED */
    for (size_t i = 0; !over; i++) {
        uint8_t want = i < wants_count ? wants[i] : 255;
        if (want & 1) { /* read: exactly so many, or none of the rest */
            uint8_t *room = malloc(want / 2 + 1u);
            int failed = input_read(room, want / 2);
            must(failed == 0 || failed == ENODATA || failed == ECANCELED);
            must(taken + (failed ? 0 : want / 2) <= length && (!failed || length - taken < want / 2));
            if (!failed) {
                memcpy(got + taken, room, want / 2);
                taken += want / 2;
            } else {
                memcpy(got + taken, expected + taken, length - taken); /* gone with the failure */
                taken = length;
                over = failed;
            }
            free(room);
            if (want > 1) continue;
        }
        if (over) break;
        const uint8_t *bytes;
        size_t most = want / 2 + 1u;
        ssize_t some = input_take(&bytes, want == 254 ? SIZE_MAX / 2 : most);
        if (some <= 0) over = some < 0 ? errno : ENODATA;
        else must((want == 254 || (size_t)some <= most) && (size_t)some <= length - taken);
        for (ssize_t j = 0; j < some; j++) got[taken++] = bytes[j];
    }
    must(over == (whole ? ENODATA : ECANCELED));
    must(taken == length && memcmp(got, expected, length) == 0);
    free(expected);
    free(got);
    return 0;
}
