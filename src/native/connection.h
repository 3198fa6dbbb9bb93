/* One connection of the engine: its socket, and the requests in flight on it. */
#ifndef UPECHO_CONNECTION_H
#define UPECHO_CONNECTION_H

#include "plan.h"

/* What an operation on a connection returns: a Failure, which is the server's, or one of these. */
enum {
    IO_OK = FAILURE_COUNT,
    IO_CLOSED,       /* the peer has closed the connection at the right time */
    IO_SYSTEM_ERROR, /* this system failed; IoContext.operation and errno say how */
};

typedef struct {
    int64_t start_ns; /* when its latency starts; for a scheduled request, the time it was due */
    uint32_t offset;  /* of its bytes in Plan.sent and Plan.expected */
} Request;

typedef struct {
    int fd; /* -1 while the connection is not open */
    uint32_t index;
    Request *requests;         /* a ring of Plan.depth entries with the requests in flight, oldest first */
    uint32_t head;             /* where the oldest one is in the ring */
    uint32_t in_flight;        /* requests in the ring */
    uint32_t unsent;           /* requests at the end of the ring that are not sent completely */
    size_t sent_bytes;         /* of the oldest unsent request */
    size_t received_bytes;     /* of the oldest reply */
    uint64_t requests_started; /* during the load; gives a scheduled request its number */
    uint64_t queued;           /* scheduled requests that are due and wait for room on this connection */
    uint8_t connecting;        /* connect() has not finished */
    uint8_t watches_writable;  /* epoll also reports when the socket is writable */
    uint8_t closing;           /* the request in flight is the last: shut down our side once it is sent */
    uint8_t pending;           /* the phase cannot end before this connection is done */
    uint8_t failed;            /* the connection is not used again */
} Connection;

/* What all connections of a run share. */
typedef struct {
    const Plan *plan;
    int epoll;
    size_t next_offset; /* index into Plan.offsets for the next request */
    uint8_t *receive_buffer;
    size_t receive_buffer_size;
    const char *operation; /* the system call that failed, with IO_SYSTEM_ERROR */
} IoContext;

int connection_open(IoContext *io, Connection *connection);
void connection_close(Connection *connection);

/* Add a request to those in flight. connection_send sends it, and all others that are unsent, as far as the kernel
   takes them; it is called again when the socket is writable. */
void connection_start_request(IoContext *io, Connection *connection, int64_t start_ns);
int connection_send(IoContext *io, Connection *connection);

/* Complete a connect() that was in progress, once the socket is writable. */
int connection_finish_connecting(IoContext *io, Connection *connection);

/* Read once and compare what has arrived; *completed is the number of replies that are complete now. */
int connection_receive(IoContext *io, Connection *connection, uint32_t *completed);

/* Return a request in flight; the one at position 0 is the oldest. */
static inline const Request *
connection_request(const Connection *connection, uint32_t depth, uint32_t position)
{
    return &connection->requests[(connection->head + position) % depth];
}

/* Remove the oldest request in flight. */
static inline void
connection_pop_request(Connection *connection, uint32_t depth)
{
    connection->head = (connection->head + 1) % depth;
    connection->in_flight--;
}

#endif
