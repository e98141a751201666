/* Runs built-ins in a child of the test's own, their streams in memory, within a directory that goes with the test. */
#ifndef VMETTE_BUILTIN_RUNNER_H
#define VMETTE_BUILTIN_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASHED 99 /* exit status of a sanitizer that found something */

extern char place[]; /* the test's directory */
extern bool nameless; /* whether the file system has files without a name */
extern const char *swapped_for; /* another process links this in the place of a special file that was made a moment ago */

void place_make(void);
const char *in_place(const char *name); /* a path in it, good for some further calls */

struct run {
    int status; /* exit status, 1000 + signal */
    char *output, *said;
    size_t output_size;
};

/* The input goes as it is, or framed and ended. */
struct run builtin_raw(const void *input, size_t size, const char *const *arguments);
struct run builtin_given(const void *input, size_t size, const char *const *arguments);

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define built_in(...) builtin_raw("", 0, ARGUMENTS(__VA_ARGS__))
#define given(input, size, ...) builtin_given(input, size, ARGUMENTS(__VA_ARGS__))

/* Whole files; the test fails if they cannot be had. */
void spill(const char *path, const char *text);
const char *slurp(const char *path, size_t *size); /* good for some further calls */
int names_in(const char *path); /* how many, without . and .. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2))); /* must end with 0 */

#endif
