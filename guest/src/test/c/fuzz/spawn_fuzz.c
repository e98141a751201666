/* with: frames.c accounts.c instance.c
 * The input is an EXEC's body and the base environment before it: what the child makes of them for execve, in place. */
#include "fuzz.h"

#include "../no_root.h"
#include "spawn.c"

uint64_t cgroup_take(int *fd) {
    *fd = -1;
    return 0;
}
pid_t cgroup_fork(int fd) {
    must(fd < 0);
    return -1;
}
void cgroup_give_back(uint64_t number) { must(number == 0); }

static bool ends_in(const char *entry, struct list list) {
    bool found = false;
    for (struct text text; list_next(&list, &text);) {
        if (text.length >= key_length(entry) && memcmp(text.bytes, entry, key_length(entry)) == 0) {
            found = text.length == strlen(entry) && memcmp(text.bytes, entry, text.length) == 0; /* the last one counts */
        }
    }
    return found;
}

static void check_environment(char **env, struct list first, struct list second) {
    for (char **entry = env; *entry; entry++) {
        must(strchr(*entry, '=') && **entry != '=');
        for (char **other = env; other < entry; other++) must(strncmp(*entry, *other, key_length(*entry)) != 0);
        must(ends_in(*entry, second) || ends_in(*entry, first) || strcmp(*entry, DEFAULT_PATH) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct frame boot, frame;
    if (size < 2 || (size_t)data[0] + 1 >= size) return 0;
    uint32_t of_boot = data[0], of_exec = (uint32_t)(size - 1 - of_boot);
    if (of_boot == 0 || frame_decode(data + 1, of_boot, &boot) || boot.type != BOOT) return 0;
    uint8_t *whole = malloc(of_exec), *untouched = malloc(of_exec);
    memcpy(whole, data + 1 + of_boot, of_exec);
    memcpy(untouched, whole, of_exec);
    struct frame before;
    if (!frame_decode(whole, of_exec, &frame) && frame.type == EXEC && !frame_decode(untouched, of_exec, &before)) {
        must(spawn_environment(boot.boot.env));
        char **env = environment(frame.exec.env);
        char **argv = arguments(frame.exec.argv);
        must(env && argv);
        uint32_t count = 0;
        struct list list = before.exec.argv;
        for (struct text text; list_next(&list, &text); count++) {
            must(strlen(argv[count]) == text.length && memcmp(argv[count], text.bytes, text.length) == 0);
        }
        must(!argv[count]);
        check_environment(env, boot.boot.env, before.exec.env);
        must(strlen(terminated(frame.exec.cwd)) == before.exec.cwd.length);
        free(env);
        free(argv);
    }
    free(whole);
    free(untouched);
    return 0;
}
