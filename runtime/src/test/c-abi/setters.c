/* Every function with what it has to refuse; no VM. Run under valgrind, with VMETTE_JAVA_HOME naming no Java. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmette.h>

#define EXPECT(condition)                                                          \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);        \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static const char *const MALFORMED[] = {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff", "\xe2\x82", NULL};

static void set_all(vmette_config_t *cfg, const char *text) {
    vmette_config_set_cmdline(cfg, text);
    vmette_config_set_rootfs_share(cfg, text, true);
    vmette_config_add_share(cfg, text, "path");
    vmette_config_add_share(cfg, "tag", text);
    vmette_config_add_share(cfg, text, text);
    vmette_config_add_env(cfg, text, "value");
    vmette_config_add_env(cfg, "KEY", text);
    vmette_config_add_env(cfg, text, text);
    vmette_config_add_disk(cfg, text);
    vmette_config_set_exec(cfg, text);
    vmette_config_set_build_snapshot(cfg, text);
    vmette_config_set_resume_snapshot(cfg, text);
}

static void set_numbers(vmette_config_t *cfg) {
    for (int i = 0; i < 2; i++) {
        vmette_config_set_net(cfg, i);
        vmette_config_set_switch_root(cfg, i);
        vmette_config_set_vsock_port(cfg, INT32_MIN);
        vmette_config_set_guest_vsock_port(cfg, UINT32_MAX);
        vmette_config_set_timeout(cfg, UINT32_MAX);
        vmette_config_set_vcpus(cfg, UINT8_MAX);
        vmette_config_set_mem_mib(cfg, UINT64_MAX);
        vmette_config_set_scratch_mib(cfg, UINT64_MAX);
    }
}

static void *fails(void *given) {
    vmette_run_output_t *untouched = (vmette_run_output_t *)&untouched, *out = untouched;
    EXPECT(vmette_run(given, &out) == VMETTE_STATUS_IO);
    EXPECT(out == untouched);
    return NULL;
}

static void is_bounded(void) {
    static char text[(16 << 20) + 1];
    memset(text, 'x', sizeof text - 1);
    vmette_run_output_t *out = NULL;
    vmette_config_t *cfg = vmette_config_new("", "");
    vmette_config_set_exec(cfg, text);
    EXPECT(vmette_run(cfg, &out) == VMETTE_STATUS_INVALID_CONFIG);
    vmette_config_free(cfg);
}

/* As in a setuid program; only root can play one. */
static void refuses_rights_of_others(vmette_config_t *cfg) {
    if (geteuid() == 0) {
        EXPECT(seteuid(65534) == 0);
        fails(cfg);
        EXPECT(seteuid(0) == 0);
    }
}

/* Whose standard error nobody reads goes on all the same. */
static void survives_without_readers(void) {
    int ends[2];
    sigset_t pending;
    EXPECT(pipe(ends) == 0 && dup2(ends[1], 2) == 2);
    close(ends[0]);
    close(ends[1]);
    if (vmette_run(NULL, NULL) != VMETTE_STATUS_NULL_ARG || sigpending(&pending) != 0 || sigismember(&pending, SIGPIPE)) {
        _exit(98);
    }
}

int main(int argc, char **argv) {
    EXPECT(argc == 2);
    EXPECT(vmette_config_new(NULL, "i") == NULL);
    EXPECT(vmette_config_new("k", NULL) == NULL);
    for (int i = 0; MALFORMED[i] != NULL; i++) {
        EXPECT(vmette_config_new(MALFORMED[i], "i") == NULL);
        EXPECT(vmette_config_new("k", MALFORMED[i]) == NULL);
    }
    set_all(NULL, "text");
    set_all(NULL, NULL);
    set_numbers(NULL);
    vmette_config_free(NULL);
    vmette_run_output_free(NULL);
    EXPECT(vmette_run_output_exit_code(NULL) == 0);
    EXPECT(strlen(vmette_version()) >= strlen("0.0.0"));

    /* What is passed is copied. */
    char text[] = "text";
    vmette_config_t *cfg = vmette_config_new(text, text);
    EXPECT(cfg != NULL);
    for (int i = 0; i < 40; i++) {
        text[0] = (char)('a' + i % 26);
        set_all(cfg, text);
    }
    memset(text, 'x', sizeof text - 1);
    set_all(cfg, NULL);
    for (int i = 0; MALFORMED[i] != NULL; i++) {
        set_all(cfg, MALFORMED[i]);
    }
    set_numbers(cfg);

    vmette_run_output_t *untouched = (vmette_run_output_t *)&untouched, *out = untouched;
    EXPECT(vmette_run(NULL, &out) == VMETTE_STATUS_NULL_ARG);
    EXPECT(vmette_run(cfg, NULL) == VMETTE_STATUS_NULL_ARG);
    EXPECT(vmette_run(NULL, NULL) == VMETTE_STATUS_NULL_ARG);
    EXPECT(out == untouched);
    fails(cfg);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        EXPECT(pthread_create(&threads[i], NULL, fails, cfg) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    EXPECT(chdir(argv[1]) == 0);
    EXPECT(vmette_run(cfg, &out) == VMETTE_STATUS_INVALID_UTF8);
    EXPECT(out == untouched);
    is_bounded();
    refuses_rights_of_others(cfg);
    vmette_config_free(cfg);
    survives_without_readers();
    return 0;
}
