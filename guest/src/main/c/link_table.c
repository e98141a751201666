#include "link_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (16u << 20) /* bytes of names, and so the most of what is remembered */
#define PLACES 65536u         /* a power of two; filled to three quarters */

static struct place {
    ino_t inode;
    uint32_t name; /* offset of it plus one; 0: free */
} *places;
static char *names;
static size_t names_size, names_room, used;

static struct place *place_of(ino_t inode) {
    uint64_t hash = (uint64_t)inode * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash >> 40) & (PLACES - 1);
    while (places[at].name && places[at].inode != inode) at = (at + 1) & (PLACES - 1);
    return &places[at];
}

static int make_room(size_t size) {
    if (names_size + size > NAMES_MAX || used >= PLACES / 4 * 3) return 0;
    if (names_size + size <= names_room) return 1;
    size_t room = names_room ? 2 * names_room : 65536;
    while (room < names_size + size) room *= 2;
    char *grown = realloc(names, room);
    if (!grown) return 0;
    names = grown;
    names_room = room;
    return 1;
}

const char *link_first_name(ino_t inode, const char *name) {
    if (!places && !(places = calloc(PLACES, sizeof *places))) return NULL;
    struct place *place = place_of(inode);
    if (place->name) return names + place->name - 1;
    size_t size = strlen(name) + 1;
    if (!make_room(size)) return NULL;
    memcpy(names + names_size, name, size);
    *place = (struct place){.inode = inode, .name = (uint32_t)names_size + 1};
    names_size += size;
    used++;
    return NULL;
}
