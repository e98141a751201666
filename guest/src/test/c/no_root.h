/* Takes the place of root.c, which mounts: here commands stay where they are, and a host that asks for more is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "net.h"
#include "root.h"

static bool no_root(char *why) {
    snprintf(why, ROOT_WHY_MAX, "there is no root here");
    errno = ENOTSUP;
    return false;
}

bool root_scratch(struct text serial, char why[ROOT_WHY_MAX]) { return serial.bytes && no_root(why); }
bool root_lower(const struct root *root, char why[ROOT_WHY_MAX]) { return root && no_root(why); }
bool root_share(uint8_t flags, struct text tag, char why[ROOT_WHY_MAX]) { return flags <= 1 && tag.bytes && no_root(why); }
bool root_trust(struct list certificates, char why[ROOT_WHY_MAX]) { return certificates.bytes && no_root(why); }
bool root_finish(char why[ROOT_WHY_MAX]) {
    why[0] = 0;
    return true;
}
bool net_up(const struct net *net, char *why, size_t size) { return net && size && no_root(why); }
/* Commands stay where they are, and so does /run: a test that wants one says where. */
static const char *run_directory = "/nowhere";
int root_run(void) { return open(run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC); }
bool root_enter(void) { return true; }
bool root_switched(void) { return false; }
