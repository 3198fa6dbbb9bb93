#define _GNU_SOURCE
#include "ceiling.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define MAX_EVENTS 256
#define PAUSE_MS 100 /* without a descriptor for the next client; one that leaves ends it earlier */

typedef struct Client {
    struct Client *before, *behind; /* in the ring of all clients */
    int fd;
    size_t unsent;  /* bytes it has not taken yet; as long as there are any, nothing is read from it */
    uint8_t *rest;  /* these bytes, at the end of a block that starts with start */
    uint8_t *start;
} Client;

typedef struct {
    Client clients; /* the ring's own place, which is no client */
    Client listener, stop;
    int epoll;
    int is_pausing;
    size_t receive_size;
    uint8_t *buffer;
    const char *failed;
} Server;

static int
watch(const Server *server, Client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    return epoll_ctl(server->epoll, operation, client->fd, &event);
}

static void
listen_again(Server *server)
{
    if (server->is_pausing && server->listener.fd >= 0 && !watch(server, &server->listener, EPOLL_CTL_MOD, EPOLLIN))
        server->is_pausing = 0;
}

static void
leave(Server *server, Client *client)
{
    close(client->fd);
    client->before->behind = client->behind;
    client->behind->before = client->before;
    free(client->start);
    free(client);
    listen_again(server);
}

static int
enter(Server *server, int fd)
{
    Client *client = calloc(1, sizeof *client);
    if (client) {
        client->fd = fd;
        if (!watch(server, client, EPOLL_CTL_ADD, EPOLLIN)) {
            client->behind = &server->clients;
            client->before = server->clients.before;
            client->before->behind = client->behind->before = client;
            return 0;
        }
        free(client);
    }
    close(fd);
    return -1;
}

/* Whether accept() failed because there is no more of something, which a client that leaves gives back. */
static int
is_scarce(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == ENOSPC;
}

static int
accept_all(Server *server)
{
    for (;;) {
        int fd = accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && !enter(server, fd))
            continue;
        if (is_scarce(errno)) {
            server->is_pausing = 1;
            server->failed = "epoll_ctl";
            return watch(server, &server->listener, EPOLL_CTL_MOD, 0);
        }
        if (errno == EAGAIN)
            return 0;
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK || errno == EFAULT || errno == EOPNOTSUPP) {
            server->failed = "accept4";
            return -1;
        }
        /* Anything else is about one client, who has left already. */
    }
}

static void
upper(uint8_t *bytes, size_t count)
{
    for (size_t index = 0; index < count; index++)
        bytes[index] = (uint8_t)(bytes[index] - ((uint8_t)(bytes[index] - 'a') < 26 ? 32 : 0));
}

/* Send what there is, and tell how much the kernel took; -1 if the client is gone. */
static ssize_t
send_some(const Client *client, const uint8_t *bytes, size_t count)
{
    ssize_t taken = send(client->fd, bytes, count, MSG_NOSIGNAL);
    return taken < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : taken;
}

/* Keep what a client did not take, and read nothing from it until it has. */
static int
keep(const Server *server, Client *client, const uint8_t *bytes, size_t count)
{
    client->start = malloc(count);
    if (!client->start)
        return -1;
    memcpy(client->start, bytes, count);
    client->rest = client->start;
    client->unsent = count;
    return watch(server, client, EPOLL_CTL_MOD, EPOLLOUT);
}

static void
answer(Server *server, Client *client)
{
    ssize_t count = recv(client->fd, server->buffer, server->receive_size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count > 0) {
        upper(server->buffer, (size_t)count);
        ssize_t taken = send_some(client, server->buffer, (size_t)count);
        if (taken == count || (taken >= 0 && !keep(server, client, server->buffer + taken, (size_t)(count - taken))))
            return;
    }
    leave(server, client);
}

static void
send_rest(Server *server, Client *client)
{
    ssize_t taken = send_some(client, client->rest, client->unsent);
    if (taken >= 0) {
        client->rest += taken;
        client->unsent -= (size_t)taken;
        if (client->unsent)
            return;
        free(client->start);
        client->start = NULL;
        if (!watch(server, client, EPOLL_CTL_MOD, EPOLLIN))
            return;
    }
    leave(server, client);
}

/* Close the listener, and let each client's end of input come behind what has arrived from it. */
static void
end_all(Server *server)
{
    close(server->listener.fd);
    server->listener.fd = -1;
    epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->stop.fd, NULL);
    for (Client *client = server->clients.behind; client != &server->clients; client = client->behind)
        shutdown(client->fd, SHUT_RD);
}

static int
is_empty(const Server *server)
{
    return server->clients.behind == &server->clients;
}

static int
wait_ms(const Server *server, int64_t end_ns)
{
    if (server->listener.fd >= 0)
        return server->is_pausing ? PAUSE_MS : -1;
    int64_t left_ns = end_ns - clock_now_ns();
    return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
}

static int
run(Server *server, int64_t grace_ns)
{
    struct epoll_event events[MAX_EVENTS];
    int64_t end_ns = INT64_MAX;
    while (server->listener.fd >= 0 || !is_empty(server)) {
        int count = epoll_wait(server->epoll, events, MAX_EVENTS, wait_ms(server, end_ns));
        if (count < 0 && errno != EINTR) {
            server->failed = "epoll_wait";
            return -1;
        }
        int told_to_stop = 0;
        for (int index = 0; index < count; index++) {
            Client *client = events[index].data.ptr;
            if (client == &server->stop)
                told_to_stop = 1;
            else if (client != &server->listener)
                client->unsent ? send_rest(server, client) : answer(server, client);
            else if (accept_all(server))
                return -1;
        }
        if (count == 0)
            listen_again(server);
        if (told_to_stop) {
            end_all(server);
            end_ns = clock_now_ns() + grace_ns;
        } else if (end_ns != INT64_MAX && clock_now_ns() >= end_ns) {
            break;
        }
    }
    return 0;
}

int
ceiling_serve(int listener, int stop, int64_t grace_ns, size_t receive_size, const char **operation)
{
    Server server = {.listener.fd = listener, .stop.fd = stop, .receive_size = receive_size, .failed = "malloc"};
    server.clients.before = server.clients.behind = &server.clients;
    server.buffer = malloc(receive_size);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    int result = -1;
    if (server.buffer && server.epoll >= 0) {
        server.failed = "epoll_ctl";
        if (fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) >= 0 &&
            !watch(&server, &server.listener, EPOLL_CTL_ADD, EPOLLIN) &&
            !watch(&server, &server.stop, EPOLL_CTL_ADD, EPOLLIN))
            result = run(&server, grace_ns);
    }
    int error = errno;
    while (!is_empty(&server))
        leave(&server, server.clients.behind);
    if (server.listener.fd >= 0)
        close(server.listener.fd);
    if (server.epoll >= 0)
        close(server.epoll);
    free(server.buffer);
    *operation = server.failed;
    errno = error;
    return result;
}
