/*
 * Built-in commands: what an EXEC with BUILTIN runs, in a forked child that goes on with the agent's own code
 * instead of execve. PID 1 never waits for a disk, and a built-in has the streams, limits, signals and the one
 * outcome of every command. docs/guest-protocol.md has each one's arguments.
 *
 * The outcome is the exit status: 0, an errno, or one of the codes below. What stands on stderr is for people.
 */
#ifndef VMETTE_BUILTINS_H
#define VMETTE_BUILTINS_H

#include <stdbool.h>
#include <stdint.h>

/* Exit statuses beyond the errnos of Linux, which end at 133. */
enum builtin_status {
    STATUS_BAD_ARCHIVE = 200,  /* no tar, a damaged one, or one that is cut off */
    STATUS_UNSUPPORTED = 201,  /* an entry of a kind that is not unpacked */
    STATUS_UNSAFE_NAME = 202,  /* a name in an archive that is absolute or climbs by .. */
    STATUS_CHANGED = 203,      /* a file shrank while it was read */
};

bool builtin_known(const char *name);

/* Runs it and ends the process. To be called in a child whose fds 0 to 2 are its streams; closes all others. */
_Noreturn void builtin_run(char **argv);

/* Says on stderr what the number is about, and gives it back. */
int blame(int number, const char *path);

/* Each takes the arguments after its name, which are as many as the table in builtins.c says. */
int builtin_read(char **arguments, int count);
int builtin_write(char **arguments, int count);
int builtin_list(char **arguments, int count);
int builtin_stat(char **arguments, int count);
int builtin_mkdir(char **arguments, int count);
int builtin_remove(char **arguments, int count);
int builtin_tar_out(char **arguments, int count);
int builtin_tar_in(char **arguments, int count);

/* Arguments: numbers without sign, octal or decimal. */
bool number_of(const char *text, int base, uint64_t most, uint64_t *value);

#endif
