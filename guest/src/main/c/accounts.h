/* Users and groups of the guest's root, as passwd(5) and group(5) tell of them. Their files are the guest's, and not to be believed. */
#ifndef VMETTE_ACCOUNTS_H
#define VMETTE_ACCOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_GROUPS 64

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[ACCOUNT_GROUPS]; /* the supplementary ones */
    int group_count;
    char home[256]; /* "/" where nothing is known of it */
};

/*
 * Looks up USER, UID, USER:GROUP or UID:GID, as Docker does: a number need not be in the files, and its group is 0 then. False: errno,
 * ESRCH where a name is in no file.
 */
bool account_find(const char *text, const char *passwd, const char *group, struct account *account);

#endif
