#ifndef VMETTE_CONFIG_H
#define VMETTE_CONFIG_H

#include <stddef.h>

#include "vmette.h"

/* What is sent to Java: for each entry its key, its value and a second one (or nothing), each ended by a NUL. */
struct request {
    char *bytes;
    size_t length;
};

/*
 * Fills the request, which is to be freed, with relative paths made absolute. Else returns the reason, and in `text` a static one for the user.
 */
VmetteStatus config_encode(const vmette_config_t *cfg, struct request *request, const char **text);

#endif
