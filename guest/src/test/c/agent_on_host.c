/*
 * The agent without its duties as PID 1: listens on a Unix socket instead of AF_VSOCK, leaves the machine
 * alone, and is otherwise linked from the same files. Takes the place of init.c, vsock.c, power.c, machine.c and root.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "machine.h"
#include "no_root.h"
#include "openings.h"
#include "power.h"
#include "reap.h"
#include "spawn.h"
#include "vsock.h"

void power_off(void) { exit(0); }
void power_shutdown(void) { exit(0); }
bool power_set_hostname(struct text name) {
    errno = EINVAL;
    return name.length <= 64;
}

static uint64_t ahead; /* of this host's clock */

static uint64_t host_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void machine_hold(void) {}
uint64_t machine_wall_ns(void) { return host_ns() + ahead; }
bool machine_set_wall(uint64_t ns) {
    errno = EINVAL;
    ahead = ns - host_ns();
    return ns > 0;
}
bool machine_feed(const uint8_t entropy[ENTROPY_SIZE]) {
    errno = ENODATA;
    return entropy[0] != 0;
}

bool peer_is_host(int fd) { return fd >= 0; }

static const char *run_file(const char *name) {
    static char path[120];
    snprintf(path, sizeof path, "%s/%s", run_directory, name);
    return path;
}

bool transport_lost(int fd) { return fd >= 0 && access(run_file("unplugged"), F_OK) == 0; }

/* As AF_VSOCK does while its device is going: what has bytes fails, and says so by a file. */
ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags) {
    if (size == 0 || access(run_file("going"), F_OK) < 0) return __real_send(fd, bytes, size, flags);
    int told = open(run_file("refused"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (told >= 0) close(told);
    errno = ENODEV;
    return -1;
}

/* As execve does whose program is on a slow disk. */
int __real_execvp(const char *program, char *const argv[]);
int __wrap_execvp(const char *program, char *const argv[]) {
    while (access(run_file("starting"), F_OK) == 0) poll(NULL, 0, 5);
    return __real_execvp(program, argv);
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, argv[1]);
    run_directory = dirname(argv[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, 9);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0) {
        perror(argv[1]);
        return 1;
    }
    if (!loop_init() || !reap_start() || !spawn_prepare() || !openings_serve(listener)) return 1;
    for (;;) loop_turn();
}
