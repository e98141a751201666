/* Forwards, against a whole agent and TCP servers of this test's own. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static int control;
static uint64_t id = 7;
static uint16_t port; /* of the server made last */

static int descriptors_of_agent(void) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)agent);
    DIR *directory = opendir(path);
    check(directory != NULL);
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

static int server_with(int backlog) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, backlog) == 0);
    check(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    port = ntohs(address.sin_port);
    return fd;
}

static int server(void) { return server_with(64); }

static int accepted(int listener) {
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    check_says(poll(&ready, 1, DEADLINE_MS) == 1, "nobody connects");
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

/* A forward that stands: the host's end, and the server's in *tcp. */
static int joined(int listener, int *tcp) {
    host_forward(control, ++id, port);
    host_forwarded(control, id, 0);
    *tcp = accepted(listener);
    return host_socket(id);
}

static void expect_reset(int fd) {
    char byte;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    check_says(poll(&ready, 1, DEADLINE_MS) == 1, "nothing within %d ms", DEADLINE_MS);
    ssize_t got = recv(fd, &byte, 1, 0);
    check_says(got < 0 && errno == ECONNRESET, "recv gave %zd", got);
    close(fd);
}

static void expect_end(int fd) {
    char byte;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    check_says(poll(&ready, 1, DEADLINE_MS) == 1, "nothing within %d ms", DEADLINE_MS);
    check_equal(recv(fd, &byte, 1, 0), 0);
}

static void expect_bytes(int fd, const char *text) {
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        char bytes[256];
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        check_says(poll(&ready, 1, DEADLINE_MS) == 1, "nothing within %d ms", DEADLINE_MS);
        ssize_t got = recv(fd, bytes, size - at, 0);
        check_says(got > 0 && memcmp(bytes, text + at, (size_t)got) == 0, "not '%s' but %zd bytes", text, got);
        at += (size_t)got;
    }
}

static void nothing_comes_before_boot(void) {
    host_forward(control, ++id, 1);
    host_forwarded(control, id, EPERM);
}

static void bytes_go_both_ways_and_each_end_is_an_end(void) {
    int tcp, listener = server(), data = joined(listener, &tcp);
    host_send(data, "from the host", 13);
    expect_bytes(tcp, "from the host");
    host_send(tcp, "from the guest", 14);
    expect_bytes(data, "from the guest");
    shutdown(data, SHUT_WR);
    expect_end(tcp);
    host_send(tcp, "a late answer", 13);
    close(tcp);
    check(strcmp(host_output(data), "a late answer") == 0);

    data = joined(listener, &tcp);
    host_send(tcp, "banner", 6); /* a server that speaks first, and ends first */
    shutdown(tcp, SHUT_WR);
    expect_bytes(data, "banner");
    expect_end(data);
    host_send(data, "thanks", 6);
    close(data);
    expect_bytes(tcp, "thanks");
    expect_end(tcp);
    close(tcp);
    close(listener);
}

static void only_the_right_claim_is_bound_and_only_once(void) {
    uint8_t token[TOKEN_SIZE];
    int listener = server();
    host_forward(control, ++id, port);
    host_forwarded(control, id, 0);
    int tcp = accepted(listener);
    host_token(id, SOCKET, token);
    host_expect_closed(host_data_with(id + 1, SOCKET, token));
    host_expect_closed(host_data_with(id, 0, token));
    token[0] ^= 1;
    host_expect_closed(host_data_with(id, SOCKET, token));
    int data = host_socket(id);
    host_send(data, "x", 1);
    expect_bytes(tcp, "x");
    host_expect_closed(host_socket(id));
    host_forward(control, id, port);
    host_forwarded(control, id, EEXIST);
    host_send(tcp, "y", 1);
    expect_bytes(data, "y");
    close(tcp);
    expect_end(data);
    close(data);
    close(listener);
}

static void a_port_without_listener_is_refused(void) {
    close(server());
    host_forward(control, ++id, port);
    host_forwarded(control, id, ECONNREFUSED);
    host_expect_closed(host_socket(id));
}

static void a_listener_on_the_other_loopback_address_is_found(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof address;
    int tcp, listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0) {
        if (listener >= 0) close(listener);
        return; /* this host has no ::1 */
    }
    check(listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    port = ntohs(address.sin6_port);
    int data = joined(listener, &tcp);
    host_send(data, "six", 3);
    expect_bytes(tcp, "six");
    close(data);
    expect_reset(tcp);
    close(listener);
}

#define AMOUNT (64 << 20)

/* Sends AMOUNT bytes through `in` and takes them from `out`, which pauses now and then, and compares. */
static void transfer(int in, int out) {
    static uint8_t bytes[61441];
    uint32_t seed = 1, expected = 1;
    size_t sent = 0, got = 0, have = 0, at = 0;
    fcntl(in, F_SETFL, O_NONBLOCK);
    while (got < AMOUNT) {
        struct pollfd ready[] = {{.fd = out, .events = POLLIN}, {.fd = in, .events = sent < AMOUNT ? POLLOUT : 0}};
        check_says(poll(ready, 2, DEADLINE_MS) > 0, "stuck after %zu bytes", got);
        if (ready[1].revents & POLLOUT) {
            if (at == have) {
                at = 0;
                have = sent + sizeof bytes > AMOUNT ? AMOUNT - sent : sizeof bytes;
                for (size_t i = 0; i < have; i++) bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
            }
            ssize_t put = send(in, bytes + at, have - at, MSG_NOSIGNAL);
            check(put > 0 || errno == EAGAIN);
            if (put > 0) at += (size_t)put, sent += (size_t)put;
            if (sent == AMOUNT) shutdown(in, SHUT_WR);
        }
        if ((ready[0].revents & POLLIN) && (sent == AMOUNT || sent - got > (1 << 20) || got % 3 == 0)) {
            static uint8_t received[65536];
            ssize_t taken = recv(out, received, sizeof received, 0);
            check_says(taken > 0, "ended after %zu bytes", got);
            for (ssize_t i = 0; i < taken; i++) {
                expected = expected * 1664525 + 1013904223;
                check_says(received[i] == (uint8_t)(expected >> 24), "byte %zu", got + (size_t)i);
            }
            got += (size_t)taken;
        }
    }
    expect_end(out);
}

static void sixty_four_megabytes_arrive_unchanged(void) {
    int tcp, listener = server(), data = joined(listener, &tcp);
    transfer(data, tcp);
    transfer(tcp, data);
    close(tcp);
    close(data);
    close(listener);
}

static void a_reset_by_the_host_is_a_reset(void) {
    int tcp, listener = server(), data = joined(listener, &tcp);
    host_send(data, "x", 1);
    expect_bytes(tcp, "x");
    close(data);
    expect_reset(tcp);

    data = joined(listener, &tcp); /* in the midst of an answer that it does not read */
    static char much[1 << 16];
    fcntl(tcp, F_SETFL, O_NONBLOCK);
    while (send(tcp, much, sizeof much, MSG_NOSIGNAL) > 0) poll(NULL, 0, 1);
    close(data);
    fcntl(tcp, F_SETFL, 0);
    expect_reset(tcp);
    close(listener);
}

static void reset_by(int tcp) {
    struct linger at_once = {.l_onoff = 1};
    setsockopt(tcp, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(tcp);
}

static void a_reset_by_the_server_is_told_before_the_connection_ends(void) {
    int tcp, listener = server(), data = joined(listener, &tcp);
    host_send(tcp, "half of ", 8);
    expect_bytes(data, "half of ");
    reset_by(tcp);
    host_forwarded(control, id, ECONNRESET);
    struct pollfd open = {.fd = data, .events = POLLIN};
    check_equal(poll(&open, 1, 300), 0); /* an end would be taken for that of the bytes */
    close(data);
    host_forward(control, id, port); /* the id is free again */
    host_forwarded(control, id, 0);
    tcp = accepted(listener);
    host_forward(control, id, 0);
    expect_reset(tcp);
    close(listener);
}

static void an_answer_is_whole_though_the_server_does_not_read_the_rest(void) {
    static char much[1 << 20];
    int tcp, listener = server(), data = joined(listener, &tcp);
    memset(much, 'u', sizeof much);
    host_send(tcp, "413 too large", 13);
    shutdown(tcp, SHUT_WR);
    expect_bytes(data, "413 too large");
    expect_end(data);
    close(tcp);
    ssize_t put;
    do put = send(data, much, sizeof much, MSG_NOSIGNAL);
    while (put > 0);
    check_equal(errno, EPIPE);
    close(data);
    close(listener);
    host_ping(control, 5); /* and no word of a reset */
    host_expect(control, PONG, 5);
}

static void what_came_before_a_reset_is_passed_on(void) {
    static char much[1 << 16];
    int tcp, listener = server(), data = joined(listener, &tcp);
    fcntl(data, F_SETFL, O_NONBLOCK);
    for (int full = 0; full < 20; full++) { /* the way in is full, since the server does not read */
        if (send(data, much, sizeof much, MSG_NOSIGNAL) > 0) full = 0;
        else poll(NULL, 0, 10);
    }
    host_send(tcp, "413 too large", 13);
    close(tcp); /* a reset, for it has left bytes unread */
    fcntl(data, F_SETFL, 0);
    expect_bytes(data, "413 too large");
    host_forwarded(control, id, ECONNRESET);
    struct pollfd open = {.fd = data, .events = POLLIN};
    check_equal(poll(&open, 1, 100), 0);
    close(data);
    close(listener);
}

static void what_nobody_takes_any_more_holds_up_nothing(void) {
    static char much[1 << 16];
    int tcp, listener = server(), data = joined(listener, &tcp);
    fcntl(tcp, F_SETFL, O_NONBLOCK);
    while (send(tcp, much, sizeof much, MSG_NOSIGNAL) > 0) poll(NULL, 0, 1); /* the way out is full */
    shutdown(data, SHUT_RD);
    host_send(data, "still heard", 11);
    expect_bytes(tcp, "still heard");
    size_t flown = 0;
    for (int waited = 0; flown < (4 << 20); waited++) {
        ssize_t sent = send(tcp, much, sizeof much, MSG_NOSIGNAL);
        if (sent > 0) flown += (size_t)sent;
        else poll(NULL, 0, 5);
        check_says(waited < DEADLINE_MS / 5, "%zu bytes have flown away", flown);
    }
    fcntl(tcp, F_SETFL, 0);
    close(data);
    expect_reset(tcp);
    close(listener);
}

static void a_stalled_connection_holds_up_no_other(void) {
    static char much[1 << 16];
    int stalled, tcp, listener = server(), idle = joined(listener, &stalled);
    fcntl(stalled, F_SETFL, O_NONBLOCK);
    size_t stuck = 0;
    for (ssize_t sent; (sent = send(stalled, much, sizeof much, MSG_NOSIGNAL)) > 0; poll(NULL, 0, 1)) {
        stuck += (size_t)sent;
        check_says(stuck < (32 << 20), "nothing holds the sender back");
    }
    int data = joined(listener, &tcp);
    transfer(tcp, data);
    close(data);
    close(tcp);
    close(idle);
    close(stalled);
    close(listener);
}

static void the_end_of_the_control_connection_leaves_forwards_alone(void) {
    int tcp, listener = server(), data = joined(listener, &tcp);
    close(control);
    host_send(data, "on and ", 7);
    expect_bytes(tcp, "on and ");
    reset_by(tcp);
    control = host_control();
    host_forwarded(control, id, ECONNRESET); /* its word was kept */
    close(control);
    control = host_control();
    host_forwarded(control, id, ECONNRESET); /* for nobody knows who has heard it */
    close(data);
    close(listener);
}

static void at_most_1024_at_a_time(void) {
    int listener = server_with(2048);
    uint64_t first = id + 1;
    for (int i = 0; i < 1024; i++) {
        host_forward(control, ++id, port);
        host_forwarded(control, id, 0);
    }
    host_forward(control, id + 1, port);
    host_forwarded(control, id + 1, EAGAIN);
    for (uint64_t x = first; x <= id; x++) host_forward(control, x, 0);
    host_forward(control, ++id, port);
    host_forwarded(control, id, 0);
    host_forward(control, id, 0);
    close(listener);
}

static uint64_t state = 0x9e3779b97f4a7c15;
static uint32_t chance(uint32_t below) { /* xorshift64*, the same sequence each run */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 33) % below;
}

#define PAIRS 24

/* Whatever two ends do to each other in whatever order, the agent goes on and keeps nothing of it (see the end of main). */
static void ends_that_do_as_they_like_do_no_harm(void) {
    static char much[1 << 15];
    struct { int data, tcp; } pairs[PAIRS] = {0};
    int listener = server();
    for (int step = 0; step < 6000; step++) {
        int i = (int)chance(PAIRS);
        int *end = chance(2) ? &pairs[i].data : &pairs[i].tcp;
        struct pollfd word = {.fd = control, .events = POLLIN};
        while (poll(&word, 1, 0) == 1) check_equal(host_read(control).type, FORWARDED); /* of one that was reset */
        if (pairs[i].data <= 0 && pairs[i].tcp <= 0) {
            host_forward(control, ++id, port);
            struct reply reply;
            do reply = host_read(control);
            while (reply.execution != id);
            check_equal(reply.value, 0);
            pairs[i].tcp = accepted(listener);
            pairs[i].data = host_socket(id);
            fcntl(pairs[i].tcp, F_SETFL, O_NONBLOCK);
            fcntl(pairs[i].data, F_SETFL, O_NONBLOCK);
        } else if (*end > 0) {
            switch (chance(8)) {
            case 0: case 1: case 2:
                send(*end, much, 1 + chance(sizeof much), MSG_NOSIGNAL);
                break;
            case 3: case 4:
                while (recv(*end, much, sizeof much, 0) > 0) {}
                break;
            case 5:
                shutdown(*end, SHUT_WR);
                break;
            case 6:
                if (chance(2)) shutdown(*end, SHUT_RD);
                break;
            default:
                if (end == &pairs[i].tcp && chance(2)) reset_by(*end);
                else close(*end);
                *end = 0;
            }
        }
    }
    for (int i = 0; i < PAIRS; i++) {
        if (pairs[i].data > 0) close(pairs[i].data);
        if (pairs[i].tcp > 0) close(pairs[i].tcp);
    }
    close(listener);
    host_ping(control, 6);
    struct reply reply;
    do reply = host_read(control);
    while (reply.type != PONG);
}

static void what_does_not_come_is_not_waited_for(void) {
    uint64_t first = id + 1;
    int full = server_with(0);
    uint16_t full_port = port;
    int listener = server();
    for (int i = 0; i < 4; i++) { /* a queue that nobody empties: at some point the kernel answers no more */
        host_forward(control, ++id, full_port);
    }
    host_forward(control, ++id, port);
    uint64_t unclaimed = id;
    int tcp = -1, connected = 0, over = 0, late = 0;
    while (late < 5) {
        struct reply reply = host_read(control);
        check_equal(reply.type, FORWARDED);
        if (reply.execution < first) continue; /* of another test's that was reset */
        if (reply.value == 0 && reply.execution == unclaimed) tcp = accepted(listener);
        if (reply.value == 0) connected++;
        else check_equal(reply.value, ETIMEDOUT);
        if (reply.value) late++;
        if (reply.value && reply.execution == unclaimed) over++;
    }
    check_says(connected >= 2 && connected < 5, "%d connected", connected);
    check_equal(over, 1);
    expect_reset(tcp);
    host_expect_closed(host_socket(unclaimed));
    close(full);
    close(listener);
}

int main(int argc, char **argv) {
    check(argc == 2);
    signal(SIGPIPE, SIG_IGN);
    agent_start(argv[1]);
    control = host_control();
    run(nothing_comes_before_boot);
    host_boot(control);
    int descriptors = descriptors_of_agent();
    run(bytes_go_both_ways_and_each_end_is_an_end);
    run(only_the_right_claim_is_bound_and_only_once);
    run(a_port_without_listener_is_refused);
    run(a_listener_on_the_other_loopback_address_is_found);
    run(sixty_four_megabytes_arrive_unchanged);
    run(a_reset_by_the_host_is_a_reset);
    run(a_reset_by_the_server_is_told_before_the_connection_ends);
    run(an_answer_is_whole_though_the_server_does_not_read_the_rest);
    run(what_came_before_a_reset_is_passed_on);
    run(what_nobody_takes_any_more_holds_up_nothing);
    run(a_stalled_connection_holds_up_no_other);
    run(the_end_of_the_control_connection_leaves_forwards_alone);
    run(at_most_1024_at_a_time);
    run(ends_that_do_as_they_like_do_no_harm);
    run(what_does_not_come_is_not_waited_for);
    test_name = "no descriptor is left behind";
    for (int waited = 0; descriptors_of_agent() != descriptors; waited += 10) {
        check_says(waited < DEADLINE_MS, "%d, at the start %d", descriptors_of_agent(), descriptors);
        poll(NULL, 0, 10);
    }
    agent_stop(control);
    return 0;
}
