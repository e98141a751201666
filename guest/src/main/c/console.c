#include "console.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "power.h"

#define PREFIX "vmette-agent: "
#define LINE_MAX_BYTES 512

void console_open(void) {
    int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < 3; i++) {
        if (fd != i) dup2(fd, i);
    }
    if (fd > 2) close(fd);
}

static void say(const char *severity, const char *format, va_list arguments) {
    char line[LINE_MAX_BYTES];
    int size = snprintf(line, sizeof line, PREFIX "%s", severity);
    int more = vsnprintf(line + size, sizeof line - (size_t)size - 1, format, arguments);
    size += more < (int)sizeof line - size - 1 ? more : (int)sizeof line - size - 2;
    line[size++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)size);
    (void)ignored;
}

void console_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void fatal(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("fatal: ", format, arguments);
    va_end(arguments);
    power_off();
}
