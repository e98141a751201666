/*
 * The layer that lies on top of the lower in the overlay: directories to mount on where the lower has none, and files that every guest
 * has. What the lower already has as a directory is not made again but for its files, and then looks as it does there.
 */
#ifndef VMETTE_POINTS_H
#define VMETTE_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define POINTS_PATH 1024

/* Begins a layer at the directory `points` above `lower`, both open. */
void points_begin(int points, int lower);

/* Has a directory of this path be there, such as mnt. False: errno. */
bool points_directory(const char *path, mode_t mode);

/*
 * Puts a file into the layer, in a directory that the lower has or, if `make`, is made. False: errno; ENOTDIR where the lower's path leads
 * through something else.
 */
bool points_file(const char *path, const void *bytes, size_t size, mode_t mode, bool make);

/* The size of the lower's regular file, whatever links lead to it within the lower; -1: there is none. */
off_t points_lower_size(const char *path);

/*
 * Opens the lower's regular file for reading, whatever links lead to it within the lower, and tells the path without links at which it
 * lies. -1: errno; EINVAL: it is no regular file, and was not opened.
 */
int points_lower_file(const char *path, char real[POINTS_PATH]);

/* Tells the path without links at which the lower's directory lies. False: errno. */
bool points_lower_directory(const char *path, char real[POINTS_PATH]);

/* Whether the lower has something of this name, whatever links lead to it within the lower. */
bool points_lower_has(const char *path);

/* Puts a symbolic link into the layer; the rest as for a file. */
bool points_link(const char *path, const char *target, bool make);

#endif
