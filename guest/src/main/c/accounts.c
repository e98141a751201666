#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MOST 4096
#define FILE_MOST (1 << 20)

/* The fields of a line, split at ':' in place. The count. */
static int split(char *line, char **fields, int most) {
    int count = 0;
    for (char *at = line; at && count < most; count++) {
        fields[count] = at;
        at = strchr(at, ':');
        if (at) *at++ = 0;
    }
    return count;
}

static bool number(const char *text, uint32_t *value) {
    uint64_t sum = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || sum > UINT32_MAX) return false;
        sum = sum * 10 + (uint64_t)(*text - '0');
    }
    *value = (uint32_t)sum;
    return sum < UINT32_MAX; /* which setuid(2) takes for none */
}

/* Calls with each line until it returns true. */
static bool each_line(const char *path, bool (*with)(char *line, void *context), void *context) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* it may be a pipe, or a terminal */
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file) {
        if (fd >= 0) close(fd);
        return false;
    }
    static char line[LINE_MOST];
    bool found = false;
    for (size_t total = 0; !found && total < FILE_MOST && fgets(line, sizeof line, file);) {
        size_t length = strlen(line);
        total += length ? length : 1;
        if (length == 0 || line[length - 1] != '\n') {
            int c;
            while (total++ < FILE_MOST && (c = getc(file)) != '\n' && c != EOF) {} /* the rest of a line that is too long */
            if (length == sizeof line - 1) continue;
        } else {
            line[length - 1] = 0;
        }
        found = with(line, context);
    }
    fclose(file);
    return found;
}

struct search {
    const char *name; /* looked for by name */
    bool by_number;
    uint32_t wanted;
    struct account *account;
    char user[LINE_MOST]; /* the name found */
};

static bool is_user(char *line, void *context) {
    struct search *search = context;
    char *fields[7];
    uint32_t uid, gid;
    if (split(line, fields, 7) < 6 || !number(fields[2], &uid) || !number(fields[3], &gid)) return false;
    if (search->by_number ? uid != search->wanted : strcmp(fields[0], search->name) != 0) return false;
    search->account->uid = uid;
    search->account->gid = gid;
    snprintf(search->user, sizeof search->user, "%s", fields[0]);
    if (fields[5][0] == '/' && strlen(fields[5]) < sizeof search->account->home) strcpy(search->account->home, fields[5]);
    return true;
}

static bool is_group(char *line, void *context) {
    struct search *search = context;
    char *fields[4];
    uint32_t gid;
    if (split(line, fields, 4) < 3 || !number(fields[2], &gid) || strcmp(fields[0], search->name) != 0) return false;
    search->account->gid = gid;
    return true;
}

/* A group that has the user among its members: one more; never the last. */
static bool has_member(char *line, void *context) {
    struct search *search = context;
    char *fields[4];
    uint32_t gid;
    if (split(line, fields, 4) < 4 || !number(fields[2], &gid)) return false;
    for (char *rest = fields[3], *member; (member = strsep(&rest, ","));) {
        if (strcmp(member, search->user) != 0) continue;
        search->account->groups[search->account->group_count++] = gid;
        return search->account->group_count == ACCOUNT_GROUPS;
    }
    return false;
}

bool account_find(const char *text, const char *passwd, const char *group, struct account *account) {
    char user[256];
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    memset(account, 0, sizeof *account);
    strcpy(account->home, "/");
    errno = ESRCH;
    if (length == 0 || length >= sizeof user) return false;
    memcpy(user, text, length);
    user[length] = 0;

    static struct search search;
    memset(&search, 0, sizeof search);
    search.account = account;
    search.name = user;
    search.by_number = number(user, &search.wanted);
    bool known = each_line(passwd, is_user, &search);
    errno = ESRCH;
    if (!known && !search.by_number) return false;
    if (!known) account->uid = search.wanted;
    if (!colon) {
        if (known) each_line(group, has_member, &search);
        return true;
    }
    uint32_t gid;
    if (number(colon + 1, &gid)) {
        account->gid = gid;
        return true;
    }
    search.name = colon + 1;
    bool there = each_line(group, is_group, &search);
    errno = ESRCH;
    return there;
}
