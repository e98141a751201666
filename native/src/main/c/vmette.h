/*
 * vmette.h: Linux microVMs from C. Link with -lvmette (pkg-config vmette); see docs/c-abi.md.
 *
 * A configuration is made, filled by setters, and run any number of times, one VM of its own each time. All text is UTF-8 and copied:
 * what is passed in stays the caller's. A setter ignores a NULL configuration, and NULL or malformed text too, unless it says otherwise.
 *
 * Threads: every function may be called on any thread. One configuration must not be changed while another thread changes or runs it; runs
 * of one that nobody changes, and of several, may go on at once. A child of fork() cannot run VMs if its parent has; exec first.
 */
#ifndef VMETTE_H
#define VMETTE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* How a run went, one of the values below. A command that fails in its VM is a run that went well. */
typedef int32_t VmetteStatus;

enum {
    VMETTE_STATUS_OK = 0,
    VMETTE_STATUS_INVALID_CONFIG = 1,       /* asked for what cannot be; nothing was started */
    VMETTE_STATUS_START_FAILED = 2,         /* the machine, its guest or the command did not start */
    VMETTE_STATUS_RESTORE_FAILED = 3,       /* the snapshot is missing, damaged, or of another machine */
    VMETTE_STATUS_SAVE_FAILED = 4,          /* the snapshot could not be written; nothing is left of it */
    VMETTE_STATUS_SNAPSHOT_UNSUPPORTED = 5, /* a VM of this kind cannot be saved */
    VMETTE_STATUS_TIMEOUT = 6,              /* booting, or an operation, took too long; set_timeout's end is none of this */
    VMETTE_STATUS_VSOCK = 7,                /* a vsock port could not be had, or its connection broke */
    VMETTE_STATUS_IO = 8,                   /* the VM was lost while it ran, the host refused, or it has no usable Java */
    VMETTE_STATUS_NULL_ARG = 9,             /* an argument is NULL */
    VMETTE_STATUS_INVALID_UTF8 = 10         /* a relative path, in a working directory whose name is not UTF-8 */
};

/* What a VM is to be. */
typedef struct vmette_config_t vmette_config_t;

/* What came of a run. */
typedef struct vmette_run_output_t vmette_run_output_t;

/*
 * A configuration with 1 processor, 512 MiB of memory and nothing else. Relative paths, here and below, are of the working directory at
 * the time of the run. An empty kernel is one that is found or fetched, an empty initramfs is ours alone.
 * Returns NULL if either is NULL or malformed, or memory is short; else free it by vmette_config_free.
 */
vmette_config_t *vmette_config_new(const char *kernel, const char *initramfs);

/* NULL does nothing. */
void vmette_config_free(vmette_config_t *cfg);

/* The tunable part of the kernel's command line, printable ASCII. What the runtime needs is added to it. */
void vmette_config_set_cmdline(vmette_config_t *cfg, const char *cmdline);

/* A directory of the host as the guest's root. It has to have /bin/sh, which runs the command. It is never written to:
 * writes are discarded with the VM, or fail if it is read-only. */
void vmette_config_set_rootfs_share(vmette_config_t *cfg, const char *path, bool read_only);

/* One more directory of the host, at /mnt/TAG in the guest, which reads and writes it. TAG is at most 36 of letters, digits, '-', '_' and '.',
 * the first a letter or digit. */
void vmette_config_add_share(vmette_config_t *cfg, const char *tag, const char *path);

/* One more environment variable of the command, which has none of the host's. Its name is letters, digits and '_', not a digit first; the last
 * value given for it holds. */
void vmette_config_add_env(vmette_config_t *cfg, const char *key, const char *value);

/* One more disk: a raw image, read and written by the guest. They come in the order given, from /dev/vda on. */
void vmette_config_add_disk(vmette_config_t *cfg, const char *path);

/* What is run, by /bin/sh -c. NULL or malformed text: nothing, which means a shell at the terminal that is standard input. */
void vmette_config_set_exec(vmette_config_t *cfg, const char *cmd);

/* A network card, behind which is the host's network. Without it, which is the default, there is none. */
void vmette_config_set_net(vmette_config_t *cfg, bool enable);

/* The command's root by switch_root instead of chroot, which is the default. */
void vmette_config_set_switch_root(vmette_config_t *cfg, bool enable);

/* Below 0: no vsock for the guest's programs (the default). 0: a free port, from 50000 to 59999. Else that port of the host. Either
 * is in their variable VMETTE_VSOCK_PORT, and what answers there is an echo. */
void vmette_config_set_vsock_port(vmette_config_t *cfg, int32_t port);

/* Where the guest of a snapshot serves commands; a snapshot is resumed with the one it was built with. 1 to 2147483647, by default 1025. */
void vmette_config_set_guest_vsock_port(vmette_config_t *cfg, uint32_t port);

/* Seconds from the beginning of the run, boot and the fetch of a kernel included, after which the VM is stopped with exit code 124: at most 248 days. 0 (the default): none. */
void vmette_config_set_timeout(vmette_config_t *cfg, uint32_t seconds);

/* Virtual processors, at least 1. */
void vmette_config_set_vcpus(vmette_config_t *cfg, uint8_t n);

/* Memory in MiB, at least 64. */
void vmette_config_set_mem_mib(vmette_config_t *cfg, uint64_t n);

/* Size in MiB, at least 16, of a disk for what is written to /tmp, and to / of a root, gone with the VM. 0 (the default): that is kept in memory. */
void vmette_config_set_scratch_mib(vmette_config_t *cfg, uint64_t mib);

/* The run boots the VM, saves it there, and ends with exit code 0. NULL or malformed text: nothing is saved. */
void vmette_config_set_build_snapshot(vmette_config_t *cfg, const char *path);

/* The run restores the VM from there instead of booting it; it needs set_exec. NULL or malformed text: it boots. */
void vmette_config_set_resume_snapshot(vmette_config_t *cfg, const char *path);

/*
 * Runs a VM to its end, its output going to this process's descriptors 1 and 2 as it comes, and returns. Any number of times, on any thread.
 * On VMETTE_STATUS_OK *out is the outcome, to be freed by vmette_run_output_free. Else *out is not touched, and one line on
 * standard error says what went wrong.
 */
VmetteStatus vmette_run(const vmette_config_t *cfg, vmette_run_output_t **out);

/* The command's exit status, 128 + n if signal n ended it, 124 if its time was over. 0 for NULL. */
int32_t vmette_run_output_exit_code(const vmette_run_output_t *out);

/* NULL does nothing. */
void vmette_run_output_free(vmette_run_output_t *out);

/* Semantic version of this library; static. */
const char *vmette_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
