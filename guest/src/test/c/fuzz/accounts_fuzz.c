/* with:
 * The input is a user's text, a passwd and a group file, each ended by a NUL.
 */
#include <sys/mman.h>

#include "fuzz.h"

#include "accounts.c"

static void fill(int fd, const uint8_t *bytes, size_t size) {
    must(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int files[2] = {-1, -1};
    static char names[2][32];
    char text[300];
    for (int i = 0; i < 2 && files[i] < 0; i++) {
        files[i] = memfd_create("accounts", 0);
        snprintf(names[i], sizeof names[i], "/proc/self/fd/%d", files[i]);
    }
    const uint8_t *end = memchr(data, 0, size), *middle;
    if (!end || (size_t)(end - data) >= sizeof text) return 0;
    memcpy(text, data, (size_t)(end - data) + 1);
    size -= (size_t)(end - data) + 1;
    data = end + 1;
    middle = memchr(data, 0, size);
    size_t first = middle ? (size_t)(middle - data) : size;
    fill(files[0], data, first);
    fill(files[1], data + first, size - first);
    struct account account;
    bool found = account_find(text, names[0], names[1], &account);
    must(account.group_count >= 0 && account.group_count <= ACCOUNT_GROUPS && account.home[0] == '/');
    must(memchr(account.home, 0, sizeof account.home));
    must(!found || (account.uid != (uid_t)-1 && account.gid != (gid_t)-1));
    return 0;
}
