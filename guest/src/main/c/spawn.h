/* Starting a program: everything between an EXEC frame and the new process image. */
#ifndef VMETTE_SPAWN_H
#define VMETTE_SPAWN_H

#include <sys/types.h>

#include "frames.h"

#define SPAWN_WHY_MAX 400

/* What the child writes to its verdict pipe when execve was not reached or failed. */
struct spawn_failure {
    uint32_t number; /* errno */
    char why[SPAWN_WHY_MAX];
};

struct spawned {
    pid_t pid;
    uint64_t cgroup;    /* its cgroup's number, 0: none */
    int verdict;        /* end of file: execve has succeeded; else a struct spawn_failure */
    int ours[3];        /* the agent's ends of stdin, stdout, stderr, non-blocking; -1: none */
};

/* To be called once, before the first spawn: takes hold of what children need from /proc and /dev. */
bool spawn_prepare(void);

/* Takes hold of it anew: / is another one. */
bool spawn_hold(void);

/* Base environment, under that of each command. A copy is kept. False: no memory. */
bool spawn_environment(struct list env);

/* Forks the child and lets go of its ends. False: errno and why, and nothing remains. */
bool spawn(const struct exec *, struct spawned *, char why[SPAWN_WHY_MAX]);

#endif
