/* The output of a built-in: stdout, buffered. A reader that has left ends the process by SIGPIPE. */
#ifndef VMETTE_OUTPUT_H
#define VMETTE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* All of it. 0 or errno. */
int write_fully(int fd, const void *bytes, size_t size);

/* Into the buffer, and what does not fit on. 0 or errno. */
int output_put(const void *bytes, size_t size);
int output_flush(void);

/* The free part of the buffer, to be read into; at least half of it. output_used says how much was. */
uint8_t *output_room(size_t *size, int *failed);
void output_used(size_t size);

#endif
