/* The least that a load takes: a closed loop over epoll that neither compares nor times a reply.
 *
 * client PORT CONNECTIONS MESSAGE_SIZE SECONDS
 * prints the number of replies and the CPU time they took it, in nanoseconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

static long long
read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int
main(int count, char **arguments)
{
    static char message[1 << 20], buffer[1 << 18];
    static size_t received[1 << 16];
    if (count != 5)
        return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_t size = (size_t)atoi(arguments[3]);
    int epoll = epoll_create1(0), on = 1;
    memset(message, 'x', size);
    for (int left = atoi(arguments[2]); left; left--) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ||
            send(fd, message, size, 0) != (ssize_t)size)
            return 1;
    }
    long long replies = 0, cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    long long end_ns = read_clock(CLOCK_MONOTONIC) + (long long)(atof(arguments[4]) * 1e9);
    while (read_clock(CLOCK_MONOTONIC) < end_ns) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1000);
        for (int index = 0; index < ready; index++) {
            int fd = events[index].data.fd;
            ssize_t some = recv(fd, buffer, sizeof buffer, 0);
            if (some <= 0)
                return 1;
            received[fd] += (size_t)some;
            if (received[fd] < size)
                continue;
            received[fd] = 0;
            replies++;
            if (send(fd, message, size, 0) != (ssize_t)size)
                return 1;
        }
    }
    printf("%lld %lld\n", replies, read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns);
    return 0;
}
