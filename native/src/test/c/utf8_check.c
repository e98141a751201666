/* For each record of standard input, two bytes of length and a text without NUL, writes '1' if the library takes it for UTF-8, else '0'. */
#include <stdio.h>

#include "../../main/c/utf8.h"

int main(void) {
    unsigned char size[2];
    char text[65536];
    while (fread(size, 1, 2, stdin) == 2) {
        size_t length = (size_t)size[0] << 8 | size[1];
        if (fread(text, 1, length, stdin) != length) {
            return 1;
        }
        text[length] = 0;
        putchar(utf8_is_valid(text) ? '1' : '0');
    }
    return 0;
}
