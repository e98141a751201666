/* with:
 * The input is a list of modules: every line of it is tried, and those of a compressed name as compressed. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

static int the_list, tried, compressed;
static int open_instead(const char *path) {
    return strcmp(path, "/vmette/modules.list") == 0 ? dup(the_list) : memfd_create("module", 0);
}
static long load_instead(int flags) {
    tried++;
    compressed += flags != 0;
    return 0;
}
#define open(path, flags) open_instead(path)
#define syscall(number, fd, options, flags) load_instead(flags)
#include "modules.c"
#undef open
#undef syscall

void console_say(const char *format, ...) { must(format); }

static int settled;
static void after_one(void) { settled++; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!the_list) the_list = memfd_create("list", 0);
    must(ftruncate(the_list, 0) == 0 && pwrite(the_list, data, size, 0) == (ssize_t)size);
    must(lseek(the_list, 0, SEEK_SET) == 0);
    size_t length = strnlen((const char *)data, size < LIST_MAX ? size : LIST_MAX);
    int lines = 0;
    for (size_t i = 0; i < length; i++) lines += data[i] != '\n' && (i == 0 || data[i - 1] == '\n');
    tried = compressed = settled = 0;
    modules_load(after_one);
    must(tried == lines && settled == lines && compressed <= lines);
    return 0;
}
