#include "utf8.h"

#include <stddef.h>

/* Unicode, table 3-7: what may follow a first byte; only the second byte's range varies. */
bool utf8_is_valid(const char *text) {
    if (text == NULL) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)text;
    while (*at != 0) {
        unsigned char first = *at++;
        unsigned char least = 0x80, most = 0xbf;
        int more;
        if (first < 0x80) {
            continue;
        } else if (first >= 0xc2 && first <= 0xdf) {
            more = 1;
        } else if (first >= 0xe0 && first <= 0xef) {
            more = 2;
            least = first == 0xe0 ? 0xa0 : least;
            most = first == 0xed ? 0x9f : most;
        } else if (first >= 0xf0 && first <= 0xf4) {
            more = 3;
            least = first == 0xf0 ? 0x90 : least;
            most = first == 0xf4 ? 0x8f : most;
        } else {
            return false;
        }
        for (; more > 0; more--) {
            /* The NUL at the end is no such byte. */
            if (*at < least || *at > most) {
                return false;
            }
            at++;
            least = 0x80;
            most = 0xbf;
        }
    }
    return true;
}
