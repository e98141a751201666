/* The kernel's generator and clock, with a kernel that this file plays: on a real one nobody can tell whether what was fed has counted, since it mixes in much else. */
#include "machine.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "check.h"

/* linux/random.h */
#define ADD 0x40085203ul
#define RESEED 0x5207ul

struct pool {
    int bits, size;
    uint8_t bytes[ENTROPY_SIZE];
};

const char *test_name;

static char done[10]; /* a, r: entropy is added, the generator reseeded from it */
static char failing;
static struct pool added;
static struct timespec set;

static int does(char step) {
    done[strlen(done)] = step;
    errno = EPERM;
    return step == failing ? -1 : 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...) {
    check(fd >= 0);
    if (request == RESEED) return does('r');
    check(request == ADD);
    va_list more;
    va_start(more, request);
    memcpy(&added, va_arg(more, void *), sizeof added);
    va_end(more);
    return does('a');
}

int __wrap_clock_settime(clockid_t clock, const struct timespec *then) {
    check(clock == CLOCK_REALTIME);
    set = *then;
    return 0;
}

static uint8_t entropy[ENTROPY_SIZE];

static bool fed_but(char step) {
    memset(done, 0, sizeof done);
    failing = step;
    return machine_feed(entropy);
}

static void entropy_is_credited_and_the_generator_takes_it_at_once(void) {
    for (int i = 0; i < ENTROPY_SIZE; i++) entropy[i] = (uint8_t)(7 * i);
    check(fed_but(0));
    check(strcmp(done, "ar") == 0);
    check(added.bits == 8 * ENTROPY_SIZE && added.size == ENTROPY_SIZE);
    check(memcmp(added.bytes, entropy, ENTROPY_SIZE) == 0);
}

static void a_generator_that_does_not_take_it_is_no_success(void) {
    check(!fed_but('a') && errno == EPERM);
    check(!fed_but('r') && errno == EPERM);
}

static void the_clock_is_set_to_the_nanosecond(void) {
    check(machine_set_wall(1700000000123456789ull));
    check(set.tv_sec == 1700000000 && set.tv_nsec == 123456789);
}

int main(void) {
    machine_hold();
    run(entropy_is_credited_and_the_generator_takes_it_at_once);
    run(a_generator_that_does_not_take_it_is_no_success);
    run(the_clock_is_set_to_the_nanosecond);
    return 0;
}
