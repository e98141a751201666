/* with: files.c directories.c entries.c tar_in.c tar_out.c tar_read.c tar_write.c aside.c input.c output.c link_table.c frames.c
 * The input is an argument of a built-in: a path with its escapes, or a number in octal or decimal. Each has one meaning, or is
 * refused. */
#include "fuzz.h"

#include "builtins.c"

/* What a number's digits come to. */
static bool plain_number(const char *text, unsigned base, uint64_t most, uint64_t *value) {
    unsigned __int128 sum = 0;
    for (const char *c = text; *c; c++) {
        unsigned digit = (unsigned)(*c - '0');
        if (*c < '0' || digit >= base) return false;
        sum = sum * base + digit;
        if (sum > most) return false;
    }
    *value = (uint64_t)sum;
    return *text != 0;
}

static void check_number(const char *text, int base, uint64_t most) {
    uint64_t value = 1, expected = 2;
    bool fine = number_of(text, base, most, &value);
    must(fine == plain_number(text, (unsigned)base, most, &expected));
    must(!fine || value == expected);
}

/* An escape is three characters for one, so that the way back is known but for what need not have been escaped. */
static void check_path(const char *text) {
    size_t length = strlen(text);
    char *path = malloc(length + 1); /* no more: what is written beyond is seen */
    memcpy(path, text, length + 1);
    bool fine = decode(path);
    const char *at = text;
    size_t i = 0;
    for (; fine && *at; i++) {
        if (*at != '%') {
            must(path[i] == *at++);
            continue;
        }
        char digits[3] = {at[1], at[2]};
        must(strspn(digits, "0123456789abcdef") == 2);
        must((uint8_t)path[i] == strtoul(digits, NULL, 16) && path[i] != 0);
        at += 3;
    }
    must(!fine || (path[i] == 0 && path[0] == '/' && i <= length));
    if (!strchr(text, '%')) must(fine == (text[0] == '/'));
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    check_path(text);
    check_number(text, 8, 07777);
    check_number(text, 10, INT64_MAX);
    check_number(text, 10, UINT32_MAX);
    must(builtin_known(text) == (find(text) != NULL));
    must(!find(text) || strcmp(find(text)->name, text) == 0);
    free(text);
    return 0;
}
