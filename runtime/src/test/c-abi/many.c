/*
 * `many SNAPSHOT CONFIGURATIONS THREADS RUNS ROUNDS`: in each round that many configurations are refused, and that many runs of each thread are
 * done, at once. SNAPSHOT, or "" for VMs that are booted. On descriptor 3 a line for what went wrong, and for each round what the process
 * holds after it: descriptors, threads and KiB of memory.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmette.h>

static const char *snapshot;
static int each;

static int entries(const char *directory) {
    DIR *open = opendir(directory);
    int count = 0;
    while (readdir(open) != NULL) {
        count++;
    }
    closedir(open);
    return count;
}

static void tell(void) {
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long memory = 0;
    while (fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "VmRSS: %ld", &memory);
    }
    fclose(status);
    dprintf(3, "%d %d %ld\n", entries("/proc/self/fd"), entries("/proc/self/task"), memory);
}

static vmette_config_t *make(const char *command) {
    vmette_config_t *cfg = vmette_config_new("", "");
    vmette_config_set_mem_mib(cfg, 128);
    vmette_config_set_exec(cfg, command);
    if (*snapshot != 0) {
        vmette_config_set_resume_snapshot(cfg, snapshot);
    }
    return cfg;
}

static void expect(vmette_config_t *cfg, VmetteStatus wanted, int code) {
    vmette_run_output_t *out = NULL;
    VmetteStatus status = vmette_run(cfg, &out);
    if (status != wanted || vmette_run_output_exit_code(out) != code) {
        dprintf(3, "wrong: status %d, code %d\n", (int)status, (int)vmette_run_output_exit_code(out));
    }
    vmette_run_output_free(out);
    vmette_config_free(cfg);
}

static void *runs(void *given) {
    for (int i = 0; i < each; i++) {
        int code = (int)(long)given + i % 100;
        char command[64];
        snprintf(command, sizeof command, "exit %d", code);
        expect(make(command), VMETTE_STATUS_OK, code);
    }
    return NULL;
}

static void from_threads(int threads) {
    pthread_t ids[64];
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, runs, (void *)(long)i) != 0) {
            exit(98);
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
}

/* Each with all that a configuration can hold, and one thing that is refused before a VM is begun. */
static void refuse(int configurations) {
    for (int i = 0; i < configurations; i++) {
        vmette_config_t *cfg = make("true");
        char key[32];
        for (int k = 0; k < 50; k++) {
            snprintf(key, sizeof key, "K%d", k);
            vmette_config_add_env(cfg, key, "value");
        }
        vmette_config_add_share(cfg, "tag", "/tmp");
        vmette_config_add_disk(cfg, "/dev/null");
        vmette_config_set_vcpus(cfg, 0);
        expect(cfg, VMETTE_STATUS_INVALID_CONFIG, 0);
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        return 2;
    }
    snapshot = argv[1];
    each = atoi(argv[4]);
    for (int round = 0; round < atoi(argv[5]); round++) {
        refuse(atoi(argv[2]));
        from_threads(atoi(argv[3]));
        tell();
    }
    return 0;
}
