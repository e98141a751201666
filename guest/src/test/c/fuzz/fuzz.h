/* What the fuzz targets share. The first line of each says which of the agent's files it is linked with: see fuzz.sh. */
#ifndef VMETTE_FUZZ_H
#define VMETTE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                            \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                               \
        }                                                                          \
    } while (0)

/* The input, byte by byte; zeros when it is used up. */
struct dice {
    const uint8_t *at, *end;
};

static inline uint8_t roll(struct dice *dice) { return dice->at < dice->end ? *dice->at++ : 0; }

#endif
