#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* linux/random.h, which musl's compiler does not see. */
#define RNDADDENTROPY _IOW('R', 0x03, int[2])
#define RNDRESEEDCRNG _IO('R', 0x07)

#define SECOND 1000000000ull

static int generator = -1;

void machine_hold(void) {
    if (generator >= 0) close(generator);
    generator = open("/dev/urandom", O_RDWR | O_CLOEXEC);
}

uint64_t machine_wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

bool machine_set_wall(uint64_t ns) {
    struct timespec then = {.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};
    return clock_settime(CLOCK_REALTIME, &then) == 0;
}

bool machine_feed(const uint8_t entropy[ENTROPY_SIZE]) {
    struct {
        int bits, size;
        uint8_t bytes[ENTROPY_SIZE];
    } pool = {.bits = ENTROPY_SIZE * 8, .size = ENTROPY_SIZE};
    memcpy(pool.bytes, entropy, ENTROPY_SIZE);
    bool fine = ioctl(generator, RNDADDENTROPY, &pool) == 0 && ioctl(generator, RNDRESEEDCRNG) == 0;
    int number = errno;
    explicit_bzero(&pool, sizeof pool);
    errno = number;
    return fine;
}
