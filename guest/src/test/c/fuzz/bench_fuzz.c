/* with:
 * The input is a kernel command line; vmette.bench's value comes out of it as a simpler decoder has it. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static int command_line;
static int open_command_line(void) { return dup(command_line); }
#define open(path, flags) open_command_line()
#include "bench.c"
#undef open

void console_say(const char *format, ...) { must(format); }
void fatal(const char *format, ...) {
    must(format);
    abort();
}
void power_off(void) { abort(); }

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value of the first such word, decoded, with its length (it may hold a NUL); NULL: there is none. */
static const char *expected(const char *text, size_t *length) {
    static char value[COMMAND_LINE_MAX + 1];
    for (const char *word = text; *word; word += strcspn(word, " \n")) {
        word += strspn(word, " \n");
        if (strncmp(word, WORD, strlen(WORD)) != 0) continue;
        size_t size = strcspn(word, " \n"), to = 0;
        for (size_t at = strlen(WORD); at < size; to++) {
            int coded = at + 2 < size && word[at] == '%' && digit(word[at + 1]) >= 0 && digit(word[at + 2]) >= 0;
            value[to] = coded ? (char)(digit(word[at + 1]) << 4 | digit(word[at + 2])) : word[at];
            at += coded ? 3 : 1;
        }
        value[to] = 0;
        *length = to;
        return value;
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[COMMAND_LINE_MAX + 1];
    size_t used = size < COMMAND_LINE_MAX ? size : COMMAND_LINE_MAX, length = 0;
    memcpy(text, data, used);
    text[used] = 0;
    if (!command_line) command_line = memfd_create("cmdline", 0);
    must(ftruncate(command_line, 0) == 0 && pwrite(command_line, data, size, 0) == (ssize_t)size);
    must(lseek(command_line, 0, SEEK_SET) == 0);
    const char *found = bench_command(), *should = expected(text, &length);
    must(!found == !should);
    must(!found || memcmp(found, should, length + 1) == 0);
    return 0;
}
