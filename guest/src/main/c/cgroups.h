/*
 * A memory cgroup for each command, whose one purpose is evidence: the kernel counts there which processes its OOM
 * killer has ended. The hierarchy is mounted nowhere, so that no command comes across it; root may mount it
 * himself, and then move processes away, but nobody can write the counter.
 *
 * Where the kernel has no cgroup v2 with the memory controller there are none, and nothing is known.
 */
#ifndef VMETTE_CGROUPS_H
#define VMETTE_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* To be called once; without it, or where it finds no cgroups, there are none. */
void cgroups_prepare(void);

/* Makes one ahead, unless one is there that nobody uses: so that the next command need not wait for it. */
void cgroups_make_ready(void);

/* The number of a cgroup that has no process, and its descriptor for cgroup_fork; 0 and -1: none. */
uint64_t cgroup_take(int *fd);

/* fork(2) whose child is in the cgroup from its first instruction; -1: where the caller is. */
pid_t cgroup_fork(int fd);

/* Whether the OOM killer has ended a process of the cgroup since it was taken. False for number 0. */
bool cgroup_oom_killed(uint64_t number);

/* It is another command's then, or removed: at once or when its last process has gone. No-op for number 0. */
void cgroup_give_back(uint64_t number);

/* Tries again to remove those that still had processes. */
void cgroups_sweep(void);

#endif
