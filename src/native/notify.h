/* Writing to a descriptor when a signal arrives, from the C handler itself, in whichever thread it runs. Python's own
   handlers run only when the main thread returns to the interpreter; a signal that hits another thread does not wake
   it, and neither does one that code in C waits through. */
#ifndef UPECHO_NOTIFY_H
#define UPECHO_NOTIFY_H

/* Write the number of a signal, as one byte, to a descriptor that does not block, and then call the handler that is
   installed now. Returns 0, or -1 with errno: EINVAL if there is no such handler. */
int notify_begin(int number, int descriptor);

/* Restore the handler that was installed before, unless another one has been installed since. Returns 0, or -1 with
   errno. */
int notify_end(int number);

#endif
