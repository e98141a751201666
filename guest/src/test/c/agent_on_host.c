/*
 * The agent without its duties as PID 1: listens on a Unix socket instead of AF_VSOCK, leaves the machine
 * alone, and is otherwise linked from the same files. Takes the place of init.c, vsock.c, power.c and root.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "no_root.h"
#include "openings.h"
#include "power.h"
#include "reap.h"
#include "spawn.h"

void power_off(void) { exit(0); }
void power_shutdown(void) { exit(0); }
bool power_set_hostname(struct text name) {
    errno = EINVAL;
    return name.length <= 64;
}
bool peer_is_host(int fd) { return fd >= 0; }

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, argv[1]);
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
