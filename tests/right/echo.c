/* A correct server in C: one thread and poll(). Usage: echo ADDRESS, in the forms that upecho replaces {address} by. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 65536, BACKLOG = 512, MAX_CLIENTS = 16384, GRACE_MS = 1000, RETRY_MS = 100 };

struct client {
    char *data; /* what was received last, in upper case */
    size_t sent, length;
};

static struct pollfd polled[MAX_CLIENTS + 1]; /* the listener, then the clients */
static struct client clients[MAX_CLIENTS + 1];
static nfds_t count = 1;
static volatile sig_atomic_t stopped;
static struct sockaddr_un path;
static ino_t inode;

static void on_signal(int number) { (void)number, stopped = 1; }

static void fail(const char *address) {
    fprintf(stderr, "cannot listen at %s: %s\n", address, strerror(errno));
    exit(1);
}

static void remove_if_stale(void) {
    struct stat status;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int refused = connect(probe, (struct sockaddr *)&path, sizeof path) && errno == ECONNREFUSED;
    close(probe);
    if (refused && !lstat(path.sun_path, &status) && S_ISSOCK(status.st_mode)) unlink(path.sun_path);
    errno = EADDRINUSE;
}

static int listen_unix(const char *name) {
    struct stat status;
    size_t length = strlen(name);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    path.sun_family = AF_UNIX;
    if (length >= sizeof path.sun_path) return errno = ENAMETOOLONG, -1;
    memcpy(path.sun_path, name, length);
    if (*name == '@') {
        path.sun_path[0] = 0;
        return bind(listener, (struct sockaddr *)&path, offsetof(struct sockaddr_un, sun_path) + length) ? -1 : listener;
    }
    umask(0177);
    if (bind(listener, (struct sockaddr *)&path, sizeof path)) {
        remove_if_stale();
        if (bind(listener, (struct sockaddr *)&path, sizeof path)) return -1;
    }
    if (!lstat(path.sun_path, &status)) inode = status.st_ino;
    return listener;
}

static int listen_tcp(const char *address) {
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
    int on = 1, is_v6 = *address == '[';
    int listener = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    memcpy(host, address + is_v6, colon - address - 2 * is_v6);
    inet_pton(v4.sin_family, host, &v4.sin_addr);
    inet_pton(v6.sin6_family, host, &v6.sin6_addr);
    int failed = is_v6 ? bind(listener, (struct sockaddr *)&v6, sizeof v6) : bind(listener, (struct sockaddr *)&v4, sizeof v4);
    return failed ? -1 : listener;
}

/* Accept one client; return 0 if there is none, or no room for it. */
static int add(void) {
    int on = 1, connection = accept4(polled[0].fd, 0, 0, SOCK_NONBLOCK);
    if (connection < 0) {
        if (errno == EMFILE || errno == ENFILE) poll(0, 0, RETRY_MS);
        return 0;
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails for a Unix socket */
    polled[count] = (struct pollfd){.fd = connection, .events = POLLIN};
    clients[count++] = (struct client){.data = malloc(BUFFER_BYTES)};
    return 1;
}

static void drop(nfds_t number) {
    close(polled[number].fd);
    free(clients[number].data);
    polled[number] = polled[--count];
    clients[number] = clients[count];
}

/* Receive if everything is sent, then send; return 0 if the connection is over. */
static int serve(nfds_t number) {
    struct client *client = &clients[number];
    if (client->sent == client->length) {
        ssize_t received = recv(polled[number].fd, client->data, BUFFER_BYTES, 0);
        if (received <= 0) return received < 0 && errno == EAGAIN;
        for (ssize_t i = 0; i < received; i++)
            if (client->data[i] >= 'a' && client->data[i] <= 'z') client->data[i] -= 'a' - 'A';
        client->sent = 0, client->length = received;
    }
    ssize_t sent = send(polled[number].fd, client->data + client->sent, client->length - client->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return 0;
    client->sent += sent > 0 ? sent : 0;
    polled[number].events = client->sent < client->length ? POLLOUT : POLLIN;
    return 1;
}

static long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void step(const struct timespec *timeout, const sigset_t *mask) {
    if (ppoll(polled, count, timeout, mask) <= 0) return;
    for (nfds_t number = count - 1; number > 0; number--)
        if (polled[number].revents && !serve(number)) drop(number);
    if (polled[0].revents && count <= MAX_CLIENTS) add();
}

int main(int argc, char **argv) {
    sigset_t blocked, usual;
    struct stat status;
    struct sigaction action = {.sa_handler = on_signal};
    if (argc != 2) return 2;
    sigemptyset(&blocked), sigaddset(&blocked, SIGTERM), sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &usual);
    sigaction(SIGTERM, &action, 0), sigaction(SIGINT, &action, 0);
    int listener = strncmp(argv[1], "unix:", 5) ? listen_tcp(argv[1]) : listen_unix(argv[1] + 5);
    if (listener < 0 || listen(listener, BACKLOG)) fail(argv[1]);
    polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    while (!stopped) step(0, &usual);
    while (count <= MAX_CLIENTS && add()) { } /* clients that connected before the stop */
    close(listener);
    polled[0].fd = -1;
    if (inode && !lstat(path.sun_path, &status) && status.st_ino == inode) unlink(path.sun_path);
    for (nfds_t number = 1; number < count; number++) shutdown(polled[number].fd, SHUT_RD);
    for (long end = now_ms() + GRACE_MS; count > 1 && now_ms() < end;) {
        struct timespec timeout = {.tv_nsec = 50000000};
        step(&timeout, &usual);
    }
    return 0;
}
