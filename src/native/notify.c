#define _GNU_SOURCE
#include "notify.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* A signal handler can reach nothing but global variables. */
typedef struct {
    volatile sig_atomic_t descriptor;
    void (*volatile previous)(int);
} Notification;

static Notification notifications[NSIG];

static void
notify(int number)
{
    int error = errno; /* of the code that was interrupted */
    unsigned char byte = (unsigned char)number;
    /* Python is told first: the byte may wake the server, which returns, and the handler is then removed before
     * Python has called it. */
    notifications[number].previous(number);
    if (write(notifications[number].descriptor, &byte, 1) < 0) {
        /* The buffer is full, so the reader has long been woken. */
    }
    errno = error;
}

int
notify_begin(int number, int descriptor)
{
    struct sigaction installed;
    if (number < 1 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (sigaction(number, NULL, &installed))
        return -1;
    if (installed.sa_flags & SA_SIGINFO || installed.sa_handler == SIG_DFL || installed.sa_handler == SIG_IGN ||
        installed.sa_handler == notify) {
        errno = EINVAL;
        return -1;
    }
    notifications[number].descriptor = descriptor;
    notifications[number].previous = installed.sa_handler;
    installed.sa_handler = notify; /* the flags and the mask stay those of Python */
    return sigaction(number, &installed, NULL);
}

int
notify_end(int number)
{
    struct sigaction installed;
    if (sigaction(number, NULL, &installed))
        return -1;
    if (installed.sa_flags & SA_SIGINFO || installed.sa_handler != notify)
        return 0;
    installed.sa_handler = notifications[number].previous;
    return sigaction(number, &installed, NULL);
}
