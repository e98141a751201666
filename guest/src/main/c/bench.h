/* `vmette.bench=CMD` on the kernel's command line: run CMD instead of serving, so that boots can be timed. */
#ifndef VMETTE_BENCH_H
#define VMETTE_BENCH_H

/* The percent-decoded command, or NULL. */
const char *bench_command(void);

/* Runs it by /bin/sh -c on the console and powers off when it ends. */
_Noreturn void bench_run(const char *command);

#endif
