/* The interface lo, which programs of a guest without a network talk to each other over, and forwards to them. */
#ifndef VMETTE_LOOPBACK_H
#define VMETTE_LOOPBACK_H

/* Brings lo up; the kernel gives it 127.0.0.1 and ::1. */
void loopback_up(void);

#endif
