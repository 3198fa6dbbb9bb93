/* The least that an echo in upper case takes: epoll, and no thought of what can go wrong.
 *
 * server LISTENER   (the number of an inherited, listening socket)
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int
main(int count, char **arguments)
{
    static unsigned char buffer[65536];
    if (count != 2)
        return 2;
    int listener = atoi(arguments[1]);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int index = 0; index < ready; index++) {
            int fd = events[index].data.fd;
            if (fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t some = recv(fd, buffer, sizeof buffer, 0);
            for (ssize_t place = 0; place < some; place++)
                buffer[place] -= (unsigned char)(buffer[place] - 'a') < 26 ? 32 : 0;
            if (some <= 0 || send(fd, buffer, (size_t)some, 0) != some)
                close(fd);
        }
    }
}
