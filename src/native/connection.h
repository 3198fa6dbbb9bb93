/* One connection of the engine, and the requests under way on it. */
#ifndef UPECHO_CONNECTION_H
#define UPECHO_CONNECTION_H

#include "plan.h"

/* What an operation on a connection came to: a failure of the server's, or one of these. */
enum { FINE = FAILURES, ENDED, BROKEN_SYSTEM };

typedef struct {
    int64_t begun_ns; /* for a scheduled request: when it should have begun */
    uint32_t offset;
} Request;

typedef struct {
    int fd; /* -1 if it is not open */
    uint32_t number;
    uint32_t first;    /* of the requests under way, in a ring */
    uint32_t under_way;
    uint32_t unsent;   /* of these, how many are not wholly sent */
    size_t sent;       /* bytes of the first unsent one */
    size_t received;   /* bytes of the reply to the first one */
    uint64_t begun;    /* requests so far: with the schedule, where this connection stands in it */
    uint64_t owed;     /* scheduled requests that wait for their turn */
    uint8_t connecting;
    uint8_t watches_writing;
    uint8_t ending;    /* the request under way is the last: our side ends behind it */
    uint8_t waited_for;
    uint8_t failed;    /* and is not used again */
    Request *requests;
} Connection;

/* What all connections of a run share. */
typedef struct {
    const Plan *plan;
    int epoll;
    size_t next_offset;
    uint8_t *scratch;
    size_t scratch_size;
    const char *operation; /* the one that failed, with BROKEN_SYSTEM and errno */
} Wires;

int connection_open(Wires *wires, Connection *connection);
void connection_close(Connection *connection);

/* Put one more request under way; connection_send sends what is unsent, as far as the kernel takes it. */
void connection_begin(Wires *wires, Connection *connection, int64_t begun_ns);
int connection_send(Wires *wires, Connection *connection);

/* Finish connecting, once the socket is writable. */
int connection_connected(Wires *wires, Connection *connection);

/* Compare what has arrived, and tell how many replies it completes; ENDED if the other side ended when it should. */
int connection_receive(Wires *wires, Connection *connection, uint32_t *completed);

static inline const Request *
connection_request(const Connection *connection, uint32_t depth, uint32_t index)
{
    return &connection->requests[(connection->first + index) % depth];
}

/* Forget the first request under way. */
static inline void
connection_pop(Connection *connection, uint32_t depth)
{
    connection->first = (connection->first + 1) % depth;
    connection->under_way--;
}

#endif
