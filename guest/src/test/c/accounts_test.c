/* Users and groups, from files that are as they should be and from files that are not. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts.h"
#include "check.h"

const char *test_name;

static char passwd[] = "/tmp/vmette-passwd-XXXXXX", group[] = "/tmp/vmette-group-XXXXXX";

static void put(const char *path, const char *text, size_t size) {
    FILE *file = fopen(path, "w");
    check(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

static void files(const char *users, const char *groups) {
    put(passwd, users, strlen(users));
    put(group, groups, strlen(groups));
}

static struct account found(const char *text) {
    struct account account;
    check_says(account_find(text, passwd, group, &account), "%s: %s", text, strerror(errno));
    return account;
}

static void not_found(const char *text) {
    struct account account;
    check(!account_find(text, passwd, group, &account));
    check_equal(errno, ESRCH);
}

static const char users[] = "root:x:0:0:root:/root:/bin/sh\n# a remark\nshort:x\napp:x:1000:1001:App,,,:/home/app:/bin/sh\n"
                            "bad:x:12a:1:::\nhuge:x:4294967295:1::/:\nrelative:x:7:7::home:\nlast:x:8:9::/l:/bin/sh";
static const char groups[] = "root:x:0:\nwheel:x:10:root,app\nstaff:x:50:apple,app\nlast:x:8:last\nnone:x:x:app\n";

static void by_name_and_by_number(void) {
    files(users, groups);
    struct account app = found("app");
    check_equal(app.uid, 1000);
    check_equal(app.gid, 1001);
    check(strcmp(app.home, "/home/app") == 0);
    check_equal(app.group_count, 2);
    check_equal(app.groups[0], 10);
    check_equal(app.groups[1], 50);
    struct account number = found("1000");
    check_equal(number.gid, 1001);
    check_equal(number.group_count, 2);
    check(strcmp(found("last").home, "/l") == 0); /* no newline at the end */
    check(strcmp(found("relative").home, "/") == 0);
}

static void a_number_need_not_be_in_the_files(void) {
    files("", "");
    struct account account = found("4242");
    check_equal(account.uid, 4242);
    check_equal(account.gid, 0);
    check(strcmp(account.home, "/") == 0);
    check_equal(found("7:8").gid, 8);
    unlink(passwd);
    check_equal(found("4242").uid, 4242);
    not_found("app");
}

static void a_group_takes_the_place_of_all_others(void) {
    files(users, groups);
    struct account account = found("app:staff");
    check_equal(account.gid, 50);
    check_equal(account.group_count, 0);
    check_equal(found("app:77").gid, 77);
    check_equal(found("app:0").gid, 0);
    not_found("app:nobody");
    not_found("app:");
}

static void what_is_no_user_is_refused(void) {
    files(users, groups);
    const char *bad[] = {"", ":", ":wheel", "nobody", "bad", "huge", "short", "-1", "4294967295", "99999999999", "1 ", "#", "root\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) not_found(bad[i]);
    char longer[400];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    not_found(longer);
}

static void hostile_files_end(void) {
    static char much[3 << 20];
    memset(much, 'x', sizeof much); /* one line, longer than all that is read */
    put(passwd, much, sizeof much);
    not_found("app");
    memset(much, 0, sizeof much);
    put(passwd, much, sizeof much);
    not_found("app");
    memset(much, '\n', sizeof much);
    put(passwd, much, sizeof much);
    not_found("app");
    memset(much, 'x', 6000);
    strcpy(much + 6000, "\napp:x:5:6::/h:\n"); /* a line that is too long is passed over */
    put(passwd, much, strlen(much));
    check_equal(found("app").uid, 5);
    unlink(passwd);
    check(mkfifo(passwd, 0600) == 0);
    not_found("app");
    unlink(passwd);
    check(symlink("/dev/zero", passwd) == 0);
    not_found("app");
    unlink(passwd);
    files("", "g:x:1:u,,u,u\n");
    put(passwd, "u:x:3:4::/:\n", 12);
    check_equal(found("u").group_count, 1);
    static char many[200 * 16];
    size_t size = 0;
    for (int i = 0; i < 100; i++) size += (size_t)snprintf(many + size, sizeof many - size, "g%d:x:%d:u\n", i, i);
    put(group, many, size);
    check_equal(found("u").group_count, ACCOUNT_GROUPS);
}

int main(void) {
    check(mkstemp(passwd) >= 0 && mkstemp(group) >= 0);
    run(by_name_and_by_number);
    run(a_number_need_not_be_in_the_files);
    run(a_group_takes_the_place_of_all_others);
    run(what_is_no_user_is_refused);
    run(hostile_files_end);
    unlink(passwd);
    unlink(group);
    return 0;
}
