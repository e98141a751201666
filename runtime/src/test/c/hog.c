/*
 * A guest program for the tests: takes the processor and gives it to nobody, the agent and the kernel's own threads included. Wants
 * one virtual processor, and root. Prints a line right before.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);
    // else the kernel would keep a twentieth of the time for others
    if (fd < 0 || write(fd, "-1", 2) != 2) {
        perror("sched_rt_runtime_us");
        return 1;
    }
    puts("hogging");
    fflush(stdout);
    struct sched_param priority = {.sched_priority = 99};
    // musl's own sched_setscheduler() always fails
    if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority) != 0) {
        perror("sched_setscheduler");
        return 1;
    }
    for (;;) {
    }
}
