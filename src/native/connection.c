#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_PIECES 64 /* requests in one call of sendmsg(): enough to amortise the call, few enough for the stack */

static int
system_error(IoContext *io, const char *operation)
{
    io->operation = operation;
    return IO_SYSTEM_ERROR;
}

/* Classify an error of connect(): as a failure of the server, or as an error of this system. */
static int
connect_failure(IoContext *io, int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
    case EAGAIN: /* the backlog of a Unix socket is full */
        return FAILURE_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return FAILURE_RESET;
    case EADDRNOTAVAIL:
        return FAILURE_NO_PORT;
    case ETIMEDOUT:
        return FAILURE_TIMED_OUT;
    default:
        errno = error;
        return system_error(io, "connect");
    }
}

/* Classify errno after a call that sends, receives or shuts down. */
static int
transfer_failure(IoContext *io, const char *operation)
{
    switch (errno) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
        return FAILURE_RESET;
    case ETIMEDOUT:
        return FAILURE_TIMED_OUT;
    default:
        return system_error(io, operation);
    }
}

/* Have epoll report when the socket is readable, and with `writable` also when it is writable. */
static int
watch(IoContext *io, Connection *connection, int operation, int writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = connection};
    connection->watches_writable = (uint8_t)writable;
    return epoll_ctl(io->epoll, operation, connection->fd, &event) ? system_error(io, "epoll_ctl") : IO_OK;
}

int
connection_open(IoContext *io, Connection *connection)
{
    const Plan *plan = io->plan;
    int family = plan->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error(io, "socket");
    connection->fd = fd;
    if (family != AF_UNIX) {
        int on = 1;
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
            return system_error(io, "setsockopt");
    }
    connection->connecting = connect(fd, (const struct sockaddr *)&plan->address, plan->address_size) != 0;
    if (connection->connecting && errno != EINPROGRESS)
        return connect_failure(io, errno);
    return watch(io, connection, EPOLL_CTL_ADD, connection->connecting);
}

void
connection_close(Connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->head = connection->in_flight = connection->unsent = 0;
    connection->sent_bytes = connection->received_bytes = 0;
    connection->connecting = connection->watches_writable = 0;
}

int
connection_finish_connecting(IoContext *io, Connection *connection)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        return system_error(io, "getsockopt");
    if (error)
        return connect_failure(io, error);
    connection->connecting = 0;
    return IO_OK;
}

void
connection_start_request(IoContext *io, Connection *connection, int64_t start_ns)
{
    uint32_t place = (connection->head + connection->in_flight) % io->plan->depth;
    connection->requests[place] = (Request){start_ns, io->plan->offsets[io->next_offset]};
    if (++io->next_offset == io->plan->offset_count)
        io->next_offset = 0;
    connection->in_flight++;
    connection->unsent++;
    connection->requests_started++;
}

/* Hand the unsent requests to the kernel, as many as one call takes; return what that call returned. */
static ssize_t
send_pieces(const IoContext *io, const Connection *connection)
{
    const Plan *plan = io->plan;
    struct iovec pieces[MAX_PIECES];
    uint32_t count = connection->unsent < MAX_PIECES ? connection->unsent : MAX_PIECES;
    for (uint32_t piece = 0; piece < count; piece++) {
        uint32_t position = connection->in_flight - connection->unsent + piece;
        size_t skipped = piece ? 0 : connection->sent_bytes;
        const uint8_t *start = plan->sent + connection_request(connection, plan->depth, position)->offset + skipped;
        pieces[piece] = (struct iovec){(void *)start, plan->message_size - skipped};
    }
    if (count == 1)
        return send(connection->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

int
connection_send(IoContext *io, Connection *connection)
{
    size_t message_size = io->plan->message_size;
    while (connection->unsent) {
        ssize_t count = send_pieces(io, connection);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno != EAGAIN)
            return transfer_failure(io, "send");
        if (count < 0) /* the socket's send buffer is full */
            return connection->watches_writable ? IO_OK : watch(io, connection, EPOLL_CTL_MOD, 1);
        connection->sent_bytes += (size_t)count;
        while (connection->unsent && connection->sent_bytes >= message_size) {
            connection->sent_bytes -= message_size;
            connection->unsent--;
        }
    }
    if (connection->closing && shutdown(connection->fd, SHUT_WR))
        return transfer_failure(io, "shutdown");
    return connection->watches_writable ? watch(io, connection, EPOLL_CTL_MOD, 0) : IO_OK;
}

/* Return how many bytes of the reply at this position the server may have sent: it cannot answer what it has not got.
 */
static size_t
expected_bytes(const Plan *plan, const Connection *connection, uint32_t position)
{
    uint32_t sent_completely = connection->in_flight - connection->unsent;
    if (position < sent_completely)
        return plan->message_size;
    return connection->unsent ? connection->sent_bytes : 0;
}

/* Compare the first `count` bytes of the receive buffer with the expected replies. */
static int
compare(const IoContext *io, Connection *connection, size_t count, uint32_t *completed)
{
    const Plan *plan = io->plan;
    const uint8_t *bytes = io->receive_buffer;
    while (count) {
        size_t expected = expected_bytes(plan, connection, *completed);
        if (expected <= connection->received_bytes)
            return FAILURE_SURPLUS;
        size_t missing = expected - connection->received_bytes;
        size_t compared = count < missing ? count : missing;
        uint32_t offset = connection_request(connection, plan->depth, *completed)->offset;
        if (memcmp(bytes, plan->expected + offset + connection->received_bytes, compared))
            return FAILURE_MISMATCH;
        bytes += compared;
        count -= compared;
        connection->received_bytes += compared;
        if (connection->received_bytes == plan->message_size) {
            connection->received_bytes = 0;
            (*completed)++;
        }
    }
    return IO_OK;
}

int
connection_receive(IoContext *io, Connection *connection, uint32_t *completed)
{
    *completed = 0;
    ssize_t count = recv(connection->fd, io->receive_buffer, io->receive_buffer_size, 0);
    if (count > 0)
        return compare(io, connection, (size_t)count, completed);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? IO_OK : transfer_failure(io, "recv");
    return connection->closing && !connection->in_flight ? IO_CLOSED : FAILURE_EARLY_END;
}
