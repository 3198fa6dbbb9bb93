#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_PIECES 64 /* requests that one call sends */

static int
broken_system(Wires *wires, const char *operation)
{
    wires->operation = operation;
    return BROKEN_SYSTEM;
}

/* Tell the server's doing from a fault of this system. */
static int
failure_of_connecting(Wires *wires, int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
    case EAGAIN: /* a Unix socket's backlog is full */
        return REFUSED;
    case ECONNRESET:
    case EPIPE:
        return RESET;
    case EADDRNOTAVAIL:
        return NO_PORT;
    case ETIMEDOUT:
        return TIMED_OUT;
    default:
        errno = error;
        return broken_system(wires, "connect");
    }
}

static int
failure_of_transfer(Wires *wires, const char *operation)
{
    switch (errno) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
        return RESET;
    case ETIMEDOUT:
        return TIMED_OUT;
    default:
        return broken_system(wires, operation);
    }
}

static int
watch(Wires *wires, Connection *connection, int operation, int writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = connection};
    connection->watches_writing = (uint8_t)writing;
    return epoll_ctl(wires->epoll, operation, connection->fd, &event) ? broken_system(wires, "epoll_ctl") : FINE;
}

int
connection_open(Wires *wires, Connection *connection)
{
    const Plan *plan = wires->plan;
    int family = plan->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return broken_system(wires, "socket");
    connection->fd = fd;
    if (family != AF_UNIX) {
        int on = 1;
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
            return broken_system(wires, "setsockopt");
    }
    connection->connecting = connect(fd, (const struct sockaddr *)&plan->address, plan->address_size) != 0;
    if (connection->connecting && errno != EINPROGRESS)
        return failure_of_connecting(wires, errno);
    return watch(wires, connection, EPOLL_CTL_ADD, connection->connecting);
}

void
connection_close(Connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->first = connection->under_way = connection->unsent = 0;
    connection->sent = connection->received = 0;
    connection->connecting = connection->watches_writing = 0;
}

int
connection_connected(Wires *wires, Connection *connection)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        return broken_system(wires, "getsockopt");
    if (error)
        return failure_of_connecting(wires, error);
    connection->connecting = 0;
    return FINE;
}

void
connection_begin(Wires *wires, Connection *connection, int64_t begun_ns)
{
    uint32_t place = (connection->first + connection->under_way) % wires->plan->depth;
    connection->requests[place] = (Request){begun_ns, wires->plan->offsets[wires->next_offset]};
    if (++wires->next_offset == wires->plan->offset_count)
        wires->next_offset = 0;
    connection->under_way++;
    connection->unsent++;
    connection->begun++;
}

static ssize_t
send_pieces(const Wires *wires, const Connection *connection)
{
    const Plan *plan = wires->plan;
    struct iovec pieces[MAX_PIECES];
    uint32_t count = connection->unsent < MAX_PIECES ? connection->unsent : MAX_PIECES;
    for (uint32_t index = 0; index < count; index++) {
        uint32_t behind = connection->under_way - connection->unsent + index;
        size_t skipped = index ? 0 : connection->sent;
        const uint8_t *start = plan->sent + connection_request(connection, plan->depth, behind)->offset + skipped;
        pieces[index] = (struct iovec){(void *)start, plan->message_size - skipped};
    }
    if (count == 1)
        return send(connection->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

int
connection_send(Wires *wires, Connection *connection)
{
    size_t message_size = wires->plan->message_size;
    while (connection->unsent) {
        ssize_t count = send_pieces(wires, connection);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno != EAGAIN)
            return failure_of_transfer(wires, "send");
        if (count < 0) /* the kernel takes no more for now */
            return connection->watches_writing ? FINE : watch(wires, connection, EPOLL_CTL_MOD, 1);
        connection->sent += (size_t)count;
        while (connection->unsent && connection->sent >= message_size) {
            connection->sent -= message_size;
            connection->unsent--;
        }
    }
    if (connection->ending && shutdown(connection->fd, SHUT_WR))
        return failure_of_transfer(wires, "shutdown");
    return connection->watches_writing ? watch(wires, connection, EPOLL_CTL_MOD, 0) : FINE;
}

/* Compare bytes with the replies that are due, and tell how many of these are complete now. */
static int
compare(const Wires *wires, Connection *connection, size_t count, uint32_t *completed)
{
    const Plan *plan = wires->plan;
    const uint8_t *bytes = wires->scratch;
    while (count) {
        uint32_t sent_wholly = connection->under_way - connection->unsent;
        size_t owed = *completed < sent_wholly ? plan->message_size : connection->unsent ? connection->sent : 0;
        if (owed <= connection->received)
            return SURPLUS;
        owed -= connection->received;
        size_t some = count < owed ? count : owed;
        uint32_t offset = connection_request(connection, plan->depth, *completed)->offset;
        if (memcmp(bytes, plan->expected + offset + connection->received, some))
            return MISMATCH;
        bytes += some;
        count -= some;
        connection->received += some;
        if (connection->received == plan->message_size) {
            connection->received = 0;
            (*completed)++;
        }
    }
    return FINE;
}

int
connection_receive(Wires *wires, Connection *connection, uint32_t *completed)
{
    *completed = 0;
    ssize_t count = recv(connection->fd, wires->scratch, wires->scratch_size, 0);
    if (count > 0)
        return compare(wires, connection, (size_t)count, completed);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? FINE : failure_of_transfer(wires, "recv");
    return connection->ending && !connection->under_way ? ENDED : EARLY_END;
}
