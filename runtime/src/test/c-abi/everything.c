/*
 * Sets all that can be set, and runs it. With `clear` what can be taken back is. With a number there is no memory for just that one of the
 * allocations that are made of there on. Writes the status and the exit code, or `none` if there is no configuration, and how many allocations there were.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmette.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *former, size_t size);

static atomic_int asked, refused = -1; /* -1: nothing is counted yet */

static int is_refused(void) {
    if (refused < 0 || ++asked != refused) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *former, size_t size) {
    return is_refused() ? NULL : __libc_realloc(former, size);
}

static void set_all(vmette_config_t *cfg) {
    vmette_config_set_cmdline(cfg, "quiet panic=1");
    vmette_config_set_rootfs_share(cfg, "/root", true);
    vmette_config_add_share(cfg, "one", "/share/1");
    vmette_config_add_share(cfg, "two", "/share/2");
    vmette_config_add_env(cfg, "KEY", "first");
    vmette_config_add_env(cfg, "OTHER", "");
    vmette_config_add_env(cfg, "KEY", "last = \xf0\x9f\x98\x80");
    vmette_config_add_disk(cfg, "/disk/1");
    vmette_config_add_disk(cfg, "/disk/2");
    vmette_config_set_exec(cfg, "echo \"$KEY\"");
    vmette_config_set_net(cfg, true);
    vmette_config_set_switch_root(cfg, true);
    vmette_config_set_vsock_port(cfg, -1);
    vmette_config_set_guest_vsock_port(cfg, 1234);
    vmette_config_set_timeout(cfg, 7);
    vmette_config_set_vcpus(cfg, 3);
    vmette_config_set_mem_mib(cfg, 640);
    vmette_config_set_scratch_mib(cfg, 32);
    vmette_config_set_resume_snapshot(cfg, "/resumed"); /* it excludes the other */
    vmette_config_set_resume_snapshot(cfg, NULL);
    vmette_config_set_build_snapshot(cfg, "/built");
}

static void clear_all(vmette_config_t *cfg) {
    vmette_config_set_cmdline(cfg, NULL);
    vmette_config_set_rootfs_share(cfg, NULL, false);
    vmette_config_add_share(cfg, NULL, "/none");
    vmette_config_add_share(cfg, "none", NULL);
    vmette_config_add_env(cfg, NULL, "none");
    vmette_config_add_env(cfg, "NONE", NULL);
    vmette_config_add_disk(cfg, NULL);
    vmette_config_set_exec(cfg, NULL);
    vmette_config_set_net(cfg, false);
    vmette_config_set_switch_root(cfg, false);
    vmette_config_set_build_snapshot(cfg, NULL);
    vmette_config_set_resume_snapshot(cfg, "/resumed");
}

int main(int argc, char **argv) {
    vmette_run_output_t *out = NULL;
    if (argc > 1 && strcmp(argv[1], "clear") != 0) {
        refused = atoi(argv[1]);
    } else {
        refused = 0;
    }
    vmette_config_t *cfg = vmette_config_new("/kernel", "/initramfs");
    int made = cfg != NULL;
    set_all(cfg);
    if (argc > 1 && refused == 0) {
        clear_all(cfg);
    }
    VmetteStatus status = vmette_run(cfg, &out);
    int allocations = asked;
    refused = -1;
    dprintf(3, made ? "%d %d %d\n" : "none %d %d %d\n", status, vmette_run_output_exit_code(out), allocations);
    vmette_run_output_free(out);
    vmette_config_free(cfg);
    return 0;
}
