#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

/* What Linux takes as arguments and environment is less. */
enum { MOST_BYTES = 16 << 20 };

struct entry {
    const char *key; /* static */
    bool path;       /* whether the value is one */
    char *value;
    char *second;
};

struct vmette_config_t {
    struct entry *entries;
    size_t count;
    size_t capacity;
    bool exhausted; /* a setter, which cannot say so, had no memory */
};

static void drop(vmette_config_t *cfg, const char *key) {
    for (size_t i = 0; i < cfg->count; i++) {
        if (strcmp(cfg->entries[i].key, key) == 0) {
            free(cfg->entries[i].value);
            free(cfg->entries[i].second);
            memmove(&cfg->entries[i], &cfg->entries[i + 1], (cfg->count - i - 1) * sizeof(struct entry));
            cfg->count--;
            return;
        }
    }
}

static void add(vmette_config_t *cfg, const char *key, bool path, const char *value, const char *second) {
    if (cfg->count == cfg->capacity) {
        size_t capacity = cfg->capacity == 0 ? 16 : 2 * cfg->capacity;
        struct entry *entries = realloc(cfg->entries, capacity * sizeof(struct entry));
        if (entries == NULL) {
            cfg->exhausted = true;
            return;
        }
        cfg->entries = entries;
        cfg->capacity = capacity;
    }
    struct entry made = {key, path, strdup(value), strdup(second)};
    if (made.value == NULL || made.second == NULL) {
        free(made.value);
        free(made.second);
        cfg->exhausted = true;
        return;
    }
    cfg->entries[cfg->count++] = made;
}

static void put(vmette_config_t *cfg, const char *key, bool path, const char *value) {
    drop(cfg, key);
    add(cfg, key, path, value, "");
}

static void put_number(vmette_config_t *cfg, const char *key, uint64_t value) {
    char text[24];
    if (cfg != NULL) {
        snprintf(text, sizeof text, "%" PRIu64, value);
        put(cfg, key, false, text);
    }
}

static void put_flag(vmette_config_t *cfg, const char *key, bool value) {
    put_number(cfg, key, value ? 1 : 0);
}

/* A setter that is told by such text to forget what it was told before. */
static void put_or_clear(vmette_config_t *cfg, const char *key, bool path, const char *value) {
    if (cfg == NULL) {
        return;
    }
    if (utf8_is_valid(value)) {
        put(cfg, key, path, value);
    } else {
        drop(cfg, key);
    }
}

vmette_config_t *vmette_config_new(const char *kernel, const char *initramfs) {
    if (!utf8_is_valid(kernel) || !utf8_is_valid(initramfs)) {
        return NULL;
    }
    vmette_config_t *cfg = calloc(1, sizeof *cfg);
    if (cfg == NULL) {
        return NULL;
    }
    put(cfg, "kernel", true, kernel);
    put(cfg, "initramfs", true, initramfs);
    if (cfg->exhausted) {
        vmette_config_free(cfg);
        return NULL;
    }
    return cfg;
}

void vmette_config_free(vmette_config_t *cfg) {
    if (cfg == NULL) {
        return;
    }
    for (size_t i = 0; i < cfg->count; i++) {
        free(cfg->entries[i].value);
        free(cfg->entries[i].second);
    }
    free(cfg->entries);
    free(cfg);
}

void vmette_config_set_cmdline(vmette_config_t *cfg, const char *cmdline) {
    if (cfg != NULL && utf8_is_valid(cmdline)) {
        put(cfg, "cmdline", false, cmdline);
    }
}

void vmette_config_set_rootfs_share(vmette_config_t *cfg, const char *path, bool read_only) {
    if (cfg != NULL && utf8_is_valid(path)) {
        put(cfg, "rootfs", true, path);
        put_flag(cfg, "rootfs-read-only", read_only);
    }
}

void vmette_config_add_share(vmette_config_t *cfg, const char *tag, const char *path) {
    if (cfg != NULL && utf8_is_valid(tag) && utf8_is_valid(path)) {
        add(cfg, "share", true, path, tag);
    }
}

void vmette_config_add_env(vmette_config_t *cfg, const char *key, const char *value) {
    if (cfg != NULL && utf8_is_valid(key) && utf8_is_valid(value)) {
        add(cfg, "env", false, value, key);
    }
}

void vmette_config_add_disk(vmette_config_t *cfg, const char *path) {
    if (cfg != NULL && utf8_is_valid(path)) {
        add(cfg, "disk", true, path, "");
    }
}

void vmette_config_set_exec(vmette_config_t *cfg, const char *cmd) {
    put_or_clear(cfg, "exec", false, cmd);
}

void vmette_config_set_net(vmette_config_t *cfg, bool enable) {
    put_flag(cfg, "net", enable);
}

void vmette_config_set_switch_root(vmette_config_t *cfg, bool enable) {
    put_flag(cfg, "switch-root", enable);
}

void vmette_config_set_vsock_port(vmette_config_t *cfg, int32_t port) {
    char text[16];
    if (cfg != NULL) {
        snprintf(text, sizeof text, "%" PRId32, port);
        put(cfg, "vsock-port", false, text);
    }
}

void vmette_config_set_guest_vsock_port(vmette_config_t *cfg, uint32_t port) {
    put_number(cfg, "guest-vsock-port", port);
}

void vmette_config_set_timeout(vmette_config_t *cfg, uint32_t seconds) {
    put_number(cfg, "timeout", seconds);
}

void vmette_config_set_vcpus(vmette_config_t *cfg, uint8_t n) {
    put_number(cfg, "vcpus", n);
}

void vmette_config_set_mem_mib(vmette_config_t *cfg, uint64_t n) {
    put_number(cfg, "memory", n);
}

void vmette_config_set_scratch_mib(vmette_config_t *cfg, uint64_t mib) {
    put_number(cfg, "scratch", mib);
}

void vmette_config_set_build_snapshot(vmette_config_t *cfg, const char *path) {
    put_or_clear(cfg, "build-snapshot", true, path);
}

void vmette_config_set_resume_snapshot(vmette_config_t *cfg, const char *path) {
    put_or_clear(cfg, "resume-snapshot", true, path);
}

static bool is_relative(const struct entry *entry) {
    return entry->path && entry->value[0] != '/' && entry->value[0] != 0;
}

static char *append(char *to, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(to, text, length);
    return to + length;
}

VmetteStatus config_encode(const vmette_config_t *cfg, struct request *request, const char **text) {
    static const char no_memory[] = "out of memory";
    if (cfg->exhausted) {
        *text = "out of memory while the configuration was made";
        return VMETTE_STATUS_IO;
    }
    size_t length = 0;
    char *directory = NULL;
    for (size_t i = 0; i < cfg->count; i++) {
        const struct entry *entry = &cfg->entries[i];
        if (is_relative(entry)) {
            if (directory == NULL && (directory = getcwd(NULL, 0)) == NULL) {
                *text = "a path is relative, and the working directory cannot be told: make it absolute";
                return VMETTE_STATUS_IO;
            }
            length += strlen(directory) + 1;
        }
        length += strlen(entry->key) + strlen(entry->value) + strlen(entry->second) + 3;
    }
    if (directory != NULL && !utf8_is_valid(directory)) {
        free(directory);
        *text = "a path is relative, and the name of the working directory is not UTF-8: rename it or run elsewhere";
        return VMETTE_STATUS_INVALID_UTF8;
    }
    if (length > MOST_BYTES) {
        free(directory);
        *text = "the texts of the configuration are longer than 16 MiB together: put what is long into a file of a share";
        return VMETTE_STATUS_INVALID_CONFIG;
    }
    request->length = length;
    request->bytes = malloc(length);
    if (request->bytes == NULL) {
        free(directory);
        *text = no_memory;
        return VMETTE_STATUS_IO;
    }
    char *at = request->bytes;
    for (size_t i = 0; i < cfg->count; i++) {
        const struct entry *entry = &cfg->entries[i];
        at = append(at, entry->key);
        if (is_relative(entry)) {
            at = append(at, directory);
            at[-1] = '/';
        }
        at = append(at, entry->value);
        at = append(at, entry->second);
    }
    free(directory);
    return VMETTE_STATUS_OK;
}
