/*
 * Forwards: TCP connections to programs of this guest, each joined to a data connection of the host.
 *
 * A forward is CONNECTING until its TCP connection stands or has failed, WAITING until its data connection is bound,
 * BOUND while bytes go both ways. Each direction moves on alone and holds bytes only while its receiver takes none. An end of
 * bytes is passed on as an end, a reset as a reset: to TCP by SO_LINGER, to the host, which would see an end, by a word
 * on the control connection. Such words are state here, not frames in a queue.
 */
#ifndef VMETTE_FORWARD_H
#define VMETTE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#define FORWARDS_MAX 1024

/* Begins to connect to a port of this guest. 0, and a word will follow, or the errno of what went wrong at once. */
uint32_t forward_start(uint64_t id, const uint8_t *token, uint16_t port);

/* Nobody wants it any more: its connections are reset, no word follows. */
void forward_abandon(uint64_t id);

/* Binds a data connection whose claim matches; takes fd if it returns true. */
bool forward_bind(uint64_t id, int fd, const uint8_t *token);

/* A host has come: it is told (again) of each forward that has lost TCP, for the word may have gone to a lost connection. */
void forwards_announce(void);

/* Whether a forward owes the host a word. */
bool forward_owing(void);

/* The next word: of this forward, 0 (connected) or the errno that ended it. It has been told then. False: there is none. */
bool forward_word(uint64_t *id, uint32_t *number);

#endif
