/* A tiny harness: a failed check says where and what, and ends the run. A test that passed is told on standard output. */
#ifndef VMETTE_CHECK_H
#define VMETTE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

extern const char *test_name; /* of the test being run */

#define check_says(condition, ...)                                                                \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: %s: not so: %s: ", __FILE__, __LINE__, test_name, #condition); \
            fprintf(stderr, __VA_ARGS__);                                                         \
            fputc('\n', stderr);                                                                  \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

#define check(condition) check_says(condition, "see there")
#define check_equal(actual, expected)                                                              \
    do {                                                                                           \
        long long is_ = (long long)(actual), should_ = (long long)(expected);                      \
        check_says(is_ == should_, "%s is %lld, expected %lld", #actual, is_, should_);            \
    } while (0)

#define run(test)                    \
    do {                             \
        test_name = #test;           \
        test();                      \
        printf("passed %s\n", #test); \
        fflush(stdout);              \
    } while (0)

#endif
