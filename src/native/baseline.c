/* One thread and a level-triggered epoll. A client is read from only while everything read before has been sent back,
 * so one receive buffer serves all clients, and memory is allocated only for a client that does not read its replies.
 */
#define _GNU_SOURCE
#include "baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define MAX_EVENTS 256

/* How many clients are accepted before others are served, and after the stop: clients may keep coming. No backlog is
   longer. */
#define MAX_ACCEPTED 65535

/* How long to wait before accepting again after the system ran out of descriptors or memory; a client that leaves ends
   the wait earlier. */
#define ACCEPT_PAUSE_MS 100

typedef struct Client {
    struct Client *previous, *next; /* in the ring of all clients */
    int fd;
    uint8_t *block;  /* allocated for a reply that the kernel did not take completely */
    uint8_t *unsent; /* the rest of that reply, at the end of the block */
    size_t unsent_size;
} Client;

typedef struct {
    Client clients;        /* the head of the ring, not a client itself */
    Client listener, stop; /* not in the ring; their addresses identify the events of these descriptors */
    int epoll;
    int is_accept_paused;
    size_t receive_size;
    uint8_t *receive_buffer;
    const char *operation; /* the system call that failed */
} Server;

static int
watch(const Server *server, Client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    return epoll_ctl(server->epoll, operation, client->fd, &event);
}

static int
is_accepting(const Server *server)
{
    return server->listener.fd >= 0;
}

static int
has_clients(const Server *server)
{
    return server->clients.next != &server->clients;
}

static void
resume_accepting(Server *server)
{
    if (server->is_accept_paused && is_accepting(server) && !watch(server, &server->listener, EPOLL_CTL_MOD, EPOLLIN))
        server->is_accept_paused = 0;
}

static void
remove_client(Server *server, Client *client)
{
    close(client->fd);
    client->previous->next = client->next;
    client->next->previous = client->previous;
    free(client->block);
    free(client);
    resume_accepting(server);
}

/* Take over an accepted socket; it is closed if that fails. */
static int
add_client(Server *server, int fd)
{
    Client *client = calloc(1, sizeof *client);
    if (client) {
        client->fd = fd;
        if (!watch(server, client, EPOLL_CTL_ADD, EPOLLIN)) {
            client->next = &server->clients;
            client->previous = server->clients.previous;
            client->previous->next = client->next->previous = client;
            return 0;
        }
        free(client);
    }
    int error = errno; /* close() must not replace the reason */
    close(fd);
    errno = error;
    return -1;
}

/* Return whether an error means that the system ran out of something, which a client that leaves may give back. */
static int
is_exhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == ENOSPC;
}

/* Return whether accept() failed because of the listener; other errors concern one client that has already left. */
static int
is_listener_error(int error)
{
    return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EFAULT || error == EOPNOTSUPP;
}

static int
accept_clients(Server *server)
{
    for (int count = 0; count < MAX_ACCEPTED; count++) {
        int fd = accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && !add_client(server, fd))
            continue;
        if (is_exhaustion(errno)) {
            server->is_accept_paused = 1;
            server->operation = "epoll_ctl";
            return watch(server, &server->listener, EPOLL_CTL_MOD, 0);
        }
        if (errno == EAGAIN)
            return 0;
        if (is_listener_error(errno)) {
            server->operation = "accept4";
            return -1;
        }
    }
    return 0;
}

static void
to_uppercase(uint8_t *bytes, size_t count)
{
    for (size_t index = 0; index < count; index++)
        bytes[index] = (uint8_t)(bytes[index] - ((uint8_t)(bytes[index] - 'a') < 26 ? 32 : 0));
}

/* Return how many bytes the kernel took, 0 if its buffer is full; -1 if the client is gone. */
static ssize_t
try_send(const Client *client, const uint8_t *bytes, size_t count)
{
    ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* Keep the rest of a reply until the client reads; until then nothing more is read from it. */
static int
keep_unsent(const Server *server, Client *client, const uint8_t *bytes, size_t count)
{
    client->block = malloc(count);
    if (!client->block)
        return -1;
    memcpy(client->block, bytes, count);
    client->unsent = client->block;
    client->unsent_size = count;
    return watch(server, client, EPOLL_CTL_MOD, EPOLLOUT);
}

static void
echo(Server *server, Client *client)
{
    uint8_t *buffer = server->receive_buffer;
    ssize_t count = recv(client->fd, buffer, server->receive_size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count > 0) {
        to_uppercase(buffer, (size_t)count);
        ssize_t sent = try_send(client, buffer, (size_t)count);
        if (sent == count || (sent >= 0 && !keep_unsent(server, client, buffer + sent, (size_t)(count - sent))))
            return;
    }
    remove_client(server, client);
}

static void
send_unsent(Server *server, Client *client)
{
    ssize_t sent = try_send(client, client->unsent, client->unsent_size);
    if (sent >= 0) {
        client->unsent += sent;
        client->unsent_size -= (size_t)sent;
        if (client->unsent_size)
            return;
        free(client->block);
        client->block = NULL;
        if (!watch(server, client, EPOLL_CTL_MOD, EPOLLIN))
            return;
    }
    remove_client(server, client);
}

/* Accept the clients that have already connected, and no more. Ending the receiving side of each client puts an end of
   stream behind what has already arrived, so that this is still answered. */
static int
begin_shutdown(Server *server)
{
    if (accept_clients(server))
        return -1;
    close(server->listener.fd);
    server->listener.fd = -1;
    epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->stop.fd, NULL);
    for (Client *client = server->clients.next; client != &server->clients; client = client->next)
        shutdown(client->fd, SHUT_RD);
    return 0;
}

/* Return the timeout of the next epoll_wait(). */
static int
timeout_ms(const Server *server, int64_t end_ns)
{
    if (is_accepting(server))
        return server->is_accept_paused ? ACCEPT_PAUSE_MS : -1;
    int64_t remaining_ns = end_ns - clock_now_ns();
    return remaining_ns > 0 ? (int)(remaining_ns / NS_PER_MS) + 1 : 0;
}

/* Handle the events of one epoll_wait(). */
static int
handle_events(Server *server, const struct epoll_event *events, int count, int *stop_requested)
{
    for (int index = 0; index < count; index++) {
        Client *client = events[index].data.ptr;
        if (client == &server->stop) {
            *stop_requested = 1;
        } else if (client == &server->listener) {
            if (accept_clients(server))
                return -1;
        } else if (client->unsent_size) {
            send_unsent(server, client);
        } else {
            echo(server, client);
        }
    }
    return 0;
}

static int
run(Server *server, int64_t grace_ns)
{
    struct epoll_event events[MAX_EVENTS];
    int64_t end_ns = INT64_MAX;
    while (is_accepting(server) || has_clients(server)) {
        int count = epoll_wait(server->epoll, events, MAX_EVENTS, timeout_ms(server, end_ns));
        if (count < 0 && errno != EINTR) {
            server->operation = "epoll_wait";
            return -1;
        }
        int stop_requested = 0;
        if (handle_events(server, events, count, &stop_requested))
            return -1;
        if (count == 0)
            resume_accepting(server);
        if (stop_requested) {
            if (begin_shutdown(server))
                return -1;
            end_ns = clock_now_ns() + grace_ns;
        } else if (!is_accepting(server) && clock_now_ns() >= end_ns) {
            break;
        }
    }
    return 0;
}

/* Allocate and open what the loop needs. */
static int
prepare(Server *server)
{
    server->operation = "malloc";
    server->receive_buffer = malloc(server->receive_size);
    if (!server->receive_buffer)
        return -1;
    server->operation = "epoll_create1";
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0)
        return -1;
    server->operation = "fcntl";
    int flags = fcntl(server->listener.fd, F_GETFL);
    if (flags < 0 || fcntl(server->listener.fd, F_SETFL, flags | O_NONBLOCK))
        return -1;
    server->operation = "epoll_ctl";
    if (watch(server, &server->listener, EPOLL_CTL_ADD, EPOLLIN))
        return -1;
    return watch(server, &server->stop, EPOLL_CTL_ADD, EPOLLIN);
}

static void
release(Server *server)
{
    int error = errno; /* close() must not replace the reason */
    while (has_clients(server))
        remove_client(server, server->clients.next);
    if (is_accepting(server))
        close(server->listener.fd);
    if (server->epoll >= 0)
        close(server->epoll);
    free(server->receive_buffer);
    errno = error;
}

int
baseline_serve(int listener, int stop, int64_t grace_ns, size_t receive_size, const char **operation)
{
    Server server = {.listener.fd = listener, .stop.fd = stop, .epoll = -1, .receive_size = receive_size};
    server.clients.previous = server.clients.next = &server.clients;
    int result = prepare(&server);
    if (!result)
        result = run(&server, grace_ns);
    release(&server);
    *operation = server.operation;
    return result;
}
