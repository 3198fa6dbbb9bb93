/* The baseline server: an uppercase echo that does no more work than the protocol requires. The costs of all other
   servers are given as ratios to it. */
#ifndef UPECHO_BASELINE_H
#define UPECHO_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/* Serve the clients of a listening socket until the descriptor `stop` becomes readable; then give the clients that are
   connected grace_ns to finish. The listener is closed in any case. Returns 0, or -1 with errno and the name of the
   system call that failed. */
int baseline_serve(int listener, int stop, int64_t grace_ns, size_t receive_size, const char **operation);

#endif
