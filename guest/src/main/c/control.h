/*
 * The control connection: one at a time, frames both ways.
 *
 * A command is taken only while there is room for its reply, so a host that does not read is not listened to
 * either, and nothing is queued without bound. Events of executions and forwards wait in these.
 */
#ifndef VMETTE_CONTROL_H
#define VMETTE_CONTROL_H

#include <stdbool.h>

/* Takes a connection that has sent VMTC. False: there is a living one already; fd stays the caller's. */
bool control_accept(int fd);

/* An execution or a forward owes the host an event. */
void control_events_waiting(void);

#endif
