/*
 * The input of a built-in: stdin in chunks, each a u32 length and that many bytes; a length of 0 is the end. An
 * end of file before that is a host that has failed or is gone, which can so never be taken for the end.
 */
#ifndef VMETTE_INPUT_H
#define VMETTE_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The next bytes, at most `most`, good until the next call. 0: the end; -1: errno, ECANCELED if it was cut off. */
ssize_t input_take(const uint8_t **bytes, size_t most);

/* Exactly so many. 0 or errno; ENODATA where the input ends before. */
int input_read(void *to, size_t size);

#endif
