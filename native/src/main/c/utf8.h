#ifndef VMETTE_UTF8_H
#define VMETTE_UTF8_H

#include <stdbool.h>

/* Whether a text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. False for NULL. */
bool utf8_is_valid(const char *text);

#endif
