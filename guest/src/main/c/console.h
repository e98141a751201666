/* Messages on the guest's console. Only failures are told: a healthy agent is silent. */
#ifndef VMETTE_CONSOLE_H
#define VMETTE_CONSOLE_H

/* Makes /dev/console the agent's fds 0 to 2, or /dev/null where there is none: they must not become something else. */
void console_open(void);

/* One line, prefixed `vmette-agent: `. */
void console_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says `fatal: ` what and why, and powers off. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
