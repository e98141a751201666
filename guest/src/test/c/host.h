/* Plays the host: starts the agent, speaks its protocol, and waits with a deadline for whatever it expects. */
#ifndef VMETTE_HOST_H
#define VMETTE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"

#define DEADLINE_MS 30000

extern pid_t agent;

void agent_start(const char *program);
void agent_stop(int control); /* by SHUTDOWN; checks that it ends well (the leak checker runs then) */

int host_connect(void);
int host_control(void);       /* VMTC, HELLO both ways */
void host_boot(int control);  /* BOOT with BASE=base and OVER=under, READY */

void host_instance(int control, const uint8_t id[INSTANCE_SIZE]);
/* RESTORE with entropy of such bytes, and one entry. */
void host_restore(int control, uint64_t wall_ns, uint8_t entropy, const uint8_t id[INSTANCE_SIZE], const char *hostname, const char *entry);
const char *host_run_file(const char *name); /* a path in what the agent takes for /run */

struct reply {
    uint8_t type;
    uint64_t execution; /* or nonce */
    uint8_t kind;
    uint32_t value; /* pid, status, errno, code */
    char text[TEXT_MAX + 1];
    uint8_t stream, token; /* of ATTACHED, whose news are in kind and errno in value; the token's first byte */
    uint64_t offset; /* of RESTORED the clock */
    int64_t stepped;
    uint64_t took; /* all steps */
    uint32_t size;
};
struct reply host_read(int control);
struct reply host_expect(int control, uint8_t type, uint64_t execution);
void host_expect_closed(int fd); /* end of file or reset, after at most a few unread bytes */

/* A command run by /bin/sh -c; the fields that a test does not set are zero. */
struct command {
    uint64_t id;
    uint32_t flags;
    bool in, out, err; /* connected */
    uint32_t output_grace_ms, kill_grace_ms;
    uint32_t replay_bytes; /* with EXEC_DETACHED: out and err go to rings */
    uint16_t rows, columns;
    const char *cwd, *program, *env; /* program: instead of the shell, without arguments */
    const char *const *built_in;     /* a built-in and its arguments, up to a NULL; with EXEC_BUILTIN */
};
void host_exec(int control, struct command, const char *line);
uint32_t host_start(int control, struct command, const char *line); /* and STARTED; the pid */
void host_signal(int control, uint64_t id, uint32_t signal, bool group);
void host_discard(int control, uint64_t id, uint8_t stream);
void host_resize(int control, uint64_t id, uint16_t rows, uint16_t columns);
void host_attach(int control, uint64_t id, uint8_t stream, uint8_t token, uint64_t from); /* a token of 16 such bytes */
void host_release(int control, uint64_t id);
void host_ping(int control, uint64_t nonce);
void host_exited(int control, uint64_t id, uint8_t kind, uint32_t value);
void host_send(int fd, const void *bytes, size_t size);

void host_token(uint64_t id, uint8_t stream, uint8_t token[TOKEN_SIZE]);
int host_data(uint64_t id, uint8_t stream);
int host_data_of(uint64_t id, uint8_t stream, uint8_t token);
int host_data_with(uint64_t id, uint8_t stream, const uint8_t token[TOKEN_SIZE]);

void host_forward(int control, uint64_t id, uint16_t port); /* 0: gives it up */
void host_forwarded(int control, uint64_t id, uint32_t number);
int host_socket(uint64_t id); /* the forward's data connection */

/* Some of what comes; 0 at the end of file. */
size_t host_receive(int fd, void *bytes, size_t size);
/* Everything until end of file, as a string in static memory; fails the test on a reset. */
const char *host_output(int fd);
/* Reads until the text so far contains what is awaited. */
void host_await_text(int fd, const char *awaited);
void host_await_gone(pid_t pid);

#endif
