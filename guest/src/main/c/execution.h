/*
 * Executions: the bounded table of commands and the life of each, as told in docs/guest-protocol.md.
 *
 * An execution is STARTING until its execve is known to have happened, RUNNING until its own process is
 * reaped, ENDED until its end is reported, its streams are closed and its process group needs no more
 * signals; a detached one also stays until it is released. Events the host is owed are state here, not frames in a
 * queue: none is lost for want of room.
 */
#ifndef VMETTE_EXECUTION_H
#define VMETTE_EXECUTION_H

#include <sys/types.h>

#include "frames.h"
#include "loop.h"
#include "streams.h"

#define EXECUTIONS_MAX 256
#define WHY_MAX 400

enum execution_state { EXECUTION_FREE, EXECUTION_STARTING, EXECUTION_RUNNING, EXECUTION_ENDED };
enum end_kind { END_EXITED = 0, END_SIGNALLED = 1, END_NEVER_RAN };

struct execution {
    enum execution_state state;
    uint64_t id;
    uint32_t flags;
    uint64_t output_grace, kill_grace; /* nanoseconds */
    pid_t pid;                         /* also session and process group */
    struct watch verdict;              /* what became of execve: end of file is success */
    struct stream stream[STREAMS];
    struct timer grace;
    bool grace_over;             /* the output grace has passed */
    bool told;                   /* the outputs are done with: stdin closed, the group told to end */
    bool group_gone;             /* the process group is empty, or no business of ours */
    bool released;               /* a detached one: nobody will ask for it any more */
    bool owes_started, owes_end, owes_news;
    bool sending; /* events that were handed over are not sent yet */
    enum end_kind end;
    bool oom_killed; /* a process of the command was ended by the OOM killer */
    uint64_t cgroup; /* its number, 0: none */
    uint32_t value; /* exit status, signal number or errno */
    char why[WHY_MAX];
};

/* Starts a command. False: refused, with errno and why (WHY_MAX bytes), and nothing remains. */
bool execution_start(const struct exec *, char *why);

struct execution *execution_find(uint64_t id);

void execution_signal(struct execution *, int signal, bool group);
void execution_resize(struct execution *, uint16_t rows, uint16_t columns);

/* Lets go of a detached execution: its rings at once, all of it when it has ended. No effect on another. */
void execution_release(struct execution *);

/*
 * The connections are gone with their device, and the host has reset none of them: the execution is a detached one from now on, unless it
 * is a built-in, which has no use without its host. What its outputs have not passed on goes into rings.
 */
void execution_unplugged(struct execution *);
void executions_unplugged(void);

/* The process has ended with this wait status. False: no command's. */
bool execution_reaped(pid_t pid, int status);

/* To be called after reaping: which process groups have emptied. */
void executions_check_groups(void);

/* Something about a stream has changed: go on in the execution's life, possibly to its end. */
void execution_settle(struct execution *);

/* One of its streams has news for the host. */
void execution_owes_news(struct execution *);

/* A new control connection: what is known of each detached execution is owed once more; STARTED also of one whose execve is still to come. */
void executions_announce(void);

/* An execution that owes the host an event, or NULL. */
struct execution *execution_owing(void);

/* The events owed (owes_*) have been handed over; clears them. It is known until executions_sent() all the same. */
void execution_reported(struct execution *);

/* What was handed over is sent, or lost with its connection: nobody is told of it again unless it is announced. */
void executions_sent(void);

/* Environment of every command: a copy of the list is kept. False: no memory. */
bool execution_base_environment(struct list env);

#endif
