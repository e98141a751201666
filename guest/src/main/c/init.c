/*
 * vmette's agent: PID 1 of every VM. What it says and does is docs/guest-protocol.md.
 *
 * One thread, one loop, static memory. The way from here to listening is kept short: it is part of every
 * VM's start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent.h"
#include "bench.h"
#include "cgroups.h"
#include "console.h"
#include "loop.h"
#include "loopback.h"
#include "modules.h"
#include "mounts.h"
#include "openings.h"
#include "reap.h"
#include "spawn.h"
#include "vsock.h"
#include "vsock_send.h"

static int listener = -1;

static void listen_if_possible(void) {
    /* Asking for an unknown address family would have the kernel run modprobe each time. */
    if (listener < 0 && access("/sys/module/vsock", F_OK) == 0) listener = vsock_listen();
}

int main(int count, char **words) {
    if (count > 0 && is_vsock_send(words[0])) return vsock_send(count, words);
    if (getpid() != 1) {
        fprintf(stderr, "vmette-agent: this is the first program of a VM and runs as PID 1 only\n");
        return 2;
    }
    prctl(PR_SET_DUMPABLE, 0); /* no ptrace and no look at its memory or descriptors but for a root with CAP_SYS_PTRACE */
    mounts_basic();
    if (!loop_init() || !reap_start()) fatal("cannot set up the event loop: %s", strerror(errno));
    if (!spawn_prepare()) fatal("cannot open /dev/null for the commands: %s", strerror(errno));

    const char *bench = bench_command();
    if (bench) {
        modules_load(listen_if_possible);
        bench_run(bench);
    }
    listen_if_possible();
    modules_load(listen_if_possible);
    if (listener < 0) listener = vsock_listen();
    if (listener < 0) {
        fatal("cannot listen on AF_VSOCK port %d: %s (the kernel needs vsock and virtio-vsock, built in or named in "
              "/vmette/modules.list)",
              AGENT_PORT, strerror(errno));
    }
    if (!openings_serve(listener)) fatal("cannot watch the AF_VSOCK socket: %s", strerror(errno));
    cgroups_prepare();
    loopback_up();
    for (;;) loop_turn();
}
