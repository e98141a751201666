/* `vsock-send PORT [CID]`, which every guest has: a stand-alone program in the agent's file, under that name. */
#ifndef VMETTE_VSOCK_SEND_H
#define VMETTE_VSOCK_SEND_H

#include <stdbool.h>

/* Whether the file was started under that name. */
bool is_vsock_send(const char *program);

/* Sends standard input to the port, ends its sending, and writes the reply to standard output. An exit status. */
int vsock_send(int count, char **words);

#endif
