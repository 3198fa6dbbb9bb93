/* The ceiling: a server that does as little as an echo in upper case takes, for others to be compared with. */
#ifndef UPECHO_CEILING_H
#define UPECHO_CEILING_H

#include <stddef.h>
#include <stdint.h>

/* Serve what connects to the listener, which is closed in the end, until the other descriptor is readable; then let
 * the clients end, for so long. Returns 0, or -1 with errno and the operation that failed. */
int ceiling_serve(int listener, int stop, int64_t grace_ns, size_t receive_size, const char **operation);

#endif
