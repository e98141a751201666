#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"

#define LIST "/vmette/modules.list"
#define LIST_MAX 65536
#define MODULE_INIT_COMPRESSED_FILE 4 /* linux/module.h */

static char list[LIST_MAX + 1];

static int is_compressed(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".ko") != 0;
}

static void load(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int flags = is_compressed(path) ? MODULE_INIT_COMPRESSED_FILE : 0;
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", flags) < 0 && errno != EEXIST)) {
        console_say("cannot load module %s: %s", path, strerror(errno));
    }
    if (fd >= 0) close(fd);
}

void modules_load(void (*after_each)(void)) {
    int fd = open(LIST, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT) console_say("cannot open " LIST ": %s", strerror(errno));
        return;
    }
    size_t size = 0;
    ssize_t got;
    while (size < LIST_MAX && (got = read(fd, list + size, LIST_MAX - size)) > 0) size += (size_t)got;
    close(fd);
    list[size] = 0;
    if (size == LIST_MAX) console_say(LIST " is longer than %d bytes: the rest is not read", LIST_MAX);
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        load(line);
        after_each();
    }
}
