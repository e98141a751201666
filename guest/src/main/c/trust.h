/*
 * Certificates of authorities that the host gives, and the places where programs of the root look for those they trust.
 *
 * Most programs read one file, the bundle, which each family of distributions has elsewhere. The root may be hostile: whatever lies at those
 * places is looked at before it is opened, and not more than a bound is read of it.
 */
#ifndef VMETTE_TRUST_H
#define VMETTE_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "frames.h"

#define TRUST_SIZE 1048576 /* of all certificates, each behind its length */
#define TRUST_COUNT 1024

/* Keeps more certificates, each a PEM text that ends its line. False: errno. */
bool trust_add(struct list certificates);

/*
 * Puts all that are kept into the layer that points_begin() began, and keeps them no longer. What cannot be put into one place is told on
 * the console. False: errno and why; there is no place for them at all.
 */
bool trust_place(char *why, size_t size);

#endif
