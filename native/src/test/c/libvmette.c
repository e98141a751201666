/*
 * A libvmette that has no VM: it writes down how it is called, in a file beside the kernel, and runs the command on the host.
 * The kernel command line says what else its run does, as the library of another system might.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int32_t VmetteStatus;

enum { OK = 0, START_FAILED = 2, IO = 8, NULL_ARG = 9 };

typedef struct {
    FILE *calls;
    char *cmdline;
    char *exec;
    char *env[64];
    int envs;
} vmette_config_t;

typedef struct {
    FILE *calls;
    int32_t code;
} vmette_run_output_t;

/* Well-formed as far as bytes that lead and follow go. */
static bool utf8(const char *text)
{
    if (!text)
        return false;
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int more = *c < 0x80 ? 0 : *c >= 0xc2 && *c < 0xe0 ? 1 : *c >= 0xe0 && *c < 0xf0 ? 2 : *c >= 0xf0 && *c < 0xf5 ? 3 : -1;
        if (more < 0)
            return false;
        for (c++; more > 0; more--, c++)
            if ((*c & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static void replace(char **value, const char *text)
{
    free(*value);
    *value = utf8(text) ? strdup(text) : NULL;
}

vmette_config_t *vmette_config_new(const char *kernel, const char *initramfs)
{
    char path[4096];
    if (!utf8(kernel) || !utf8(initramfs) || strstr(kernel, "refused"))
        return NULL;
    vmette_config_t *cfg = calloc(1, sizeof *cfg);
    if (!cfg)
        return NULL;
    snprintf(path, sizeof path, "%s.calls", kernel);
    cfg->calls = fopen(path, "ae");
    if (!cfg->calls) {
        free(cfg);
        return NULL;
    }
    setvbuf(cfg->calls, NULL, _IOLBF, 0);
    fprintf(cfg->calls, "new %s\n", initramfs);
    return cfg;
}

void vmette_config_free(vmette_config_t *cfg)
{
    if (!cfg)
        return;
    fprintf(cfg->calls, "free\n");
    fclose(cfg->calls);
    free(cfg->cmdline);
    free(cfg->exec);
    for (int i = 0; i < cfg->envs; i++)
        free(cfg->env[i]);
    free(cfg);
}

void vmette_config_set_cmdline(vmette_config_t *cfg, const char *cmdline)
{
    if (!cfg || !utf8(cmdline))
        return;
    replace(&cfg->cmdline, cmdline);
    fprintf(cfg->calls, "cmdline %s\n", cmdline);
}

void vmette_config_set_rootfs_share(vmette_config_t *cfg, const char *path, bool read_only)
{
    if (cfg && utf8(path))
        fprintf(cfg->calls, "rootfs %s %d\n", path, read_only);
}

void vmette_config_add_share(vmette_config_t *cfg, const char *tag, const char *path)
{
    if (cfg && utf8(tag) && utf8(path))
        fprintf(cfg->calls, "share %s %s\n", tag, path);
}

void vmette_config_add_env(vmette_config_t *cfg, const char *key, const char *value)
{
    if (!cfg || !utf8(key) || !utf8(value) || cfg->envs == 64)
        return;
    if (asprintf(&cfg->env[cfg->envs], "%s=%s", key, value) >= 0)
        fprintf(cfg->calls, "env %s\n", cfg->env[cfg->envs++]);
}

void vmette_config_add_disk(vmette_config_t *cfg, const char *path)
{
    if (cfg && utf8(path))
        fprintf(cfg->calls, "disk %s\n", path);
}

void vmette_config_set_exec(vmette_config_t *cfg, const char *cmd)
{
    if (!cfg)
        return;
    replace(&cfg->exec, cmd);
    fprintf(cfg->calls, "exec %s\n", cfg->exec ? cfg->exec : "none");
}

void vmette_config_set_net(vmette_config_t *cfg, bool enable)
{
    if (cfg)
        fprintf(cfg->calls, "net %d\n", enable);
}

void vmette_config_set_switch_root(vmette_config_t *cfg, bool enable)
{
    if (cfg)
        fprintf(cfg->calls, "switch_root %d\n", enable);
}

void vmette_config_set_vsock_port(vmette_config_t *cfg, int32_t port)
{
    if (cfg)
        fprintf(cfg->calls, "vsock_port %ld\n", (long)port);
}

void vmette_config_set_guest_vsock_port(vmette_config_t *cfg, uint32_t port)
{
    if (cfg)
        fprintf(cfg->calls, "guest_vsock_port %lu\n", (unsigned long)port);
}

void vmette_config_set_timeout(vmette_config_t *cfg, uint32_t seconds)
{
    if (cfg)
        fprintf(cfg->calls, "timeout %lu\n", (unsigned long)seconds);
}

void vmette_config_set_vcpus(vmette_config_t *cfg, uint8_t n)
{
    if (cfg)
        fprintf(cfg->calls, "vcpus %u\n", n);
}

void vmette_config_set_mem_mib(vmette_config_t *cfg, uint64_t n)
{
    if (cfg)
        fprintf(cfg->calls, "mem_mib %llu\n", (unsigned long long)n);
}

void vmette_config_set_scratch_mib(vmette_config_t *cfg, uint64_t mib)
{
    if (cfg)
        fprintf(cfg->calls, "scratch_mib %llu\n", (unsigned long long)mib);
}

void vmette_config_set_build_snapshot(vmette_config_t *cfg, const char *path)
{
    if (cfg)
        fprintf(cfg->calls, "build_snapshot %s\n", utf8(path) ? path : "none");
}

void vmette_config_set_resume_snapshot(vmette_config_t *cfg, const char *path)
{
    if (cfg)
        fprintf(cfg->calls, "resume_snapshot %s\n", utf8(path) ? path : "none");
}

/* The number behind KEY= on the command line, or otherwise. */
static int told(const vmette_config_t *cfg, const char *key, int otherwise)
{
    const char *at = cfg->cmdline ? strstr(cfg->cmdline, key) : NULL;
    return at ? atoi(at + strlen(key)) : otherwise;
}

static bool tells(const vmette_config_t *cfg, const char *word)
{
    return cfg->cmdline && strstr(cfg->cmdline, word);
}

/* As 128 + n for a signal, or -1. */
static int run_command(const vmette_config_t *cfg)
{
    char *arguments[] = {"sh", "-c", cfg->exec, NULL};
    char *environment[65] = {NULL};
    int status;
    pid_t parent = getpid();
    memcpy(environment, cfg->env, sizeof cfg->env);
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        execve("/bin/sh", arguments, environment);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

VmetteStatus vmette_run(const vmette_config_t *cfg, vmette_run_output_t **out)
{
    if (!cfg || !out)
        return NULL_ARG;
    fprintf(cfg->calls, "run\n");
    int code = 0;
    if (cfg->exec && (code = run_command(cfg)) < 0)
        return START_FAILED;
    if (tells(cfg, "prints"))
        dprintf(STDERR_FILENO, "libvmette says something\n");
    if (tells(cfg, "aborts"))
        abort();
    while (tells(cfg, "hangs"))
        pause();
    if (tells(cfg, "crashes"))
        *(volatile int *)8 = 0;
    if (tells(cfg, "exits"))
        exit(code);
    if (tells(cfg, "_exit="))
        _exit(told(cfg, "_exit=", 0));
    if (tells(cfg, "signal="))
        kill(getpid(), told(cfg, "signal=", 0));
    int status = told(cfg, "status=", OK);
    if (status != OK)
        return status;
    vmette_run_output_t *output = malloc(sizeof *output);
    if (!output)
        return IO;
    output->calls = fdopen(dup(fileno(cfg->calls)), "a");
    output->code = code;
    *out = output;
    return OK;
}

int32_t vmette_run_output_exit_code(const vmette_run_output_t *out)
{
    return out ? out->code : 0;
}

void vmette_run_output_free(vmette_run_output_t *out)
{
    if (!out)
        return;
    fprintf(out->calls, "output_free\n");
    fclose(out->calls);
    free(out);
}

const char *vmette_version(void)
{
    return "0.8.0";
}
