#include "host.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

const char *test_name;
pid_t agent;

static char directory[] = "/tmp/vmette-agent-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static uint8_t frame_bytes[FRAME_HEADER + FRAME_MAX];
static struct writer w = {.bytes = frame_bytes};

const char *host_run_file(const char *name) {
    static char path[sizeof directory + 64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void remove_directory(void) {
    unlink(address.sun_path);
    unlink(host_run_file("unplugged"));
    unlink(host_run_file("going"));
    unlink(host_run_file("refused"));
    unlink(host_run_file("starting"));
    unlink(host_run_file("vmette/instance-id"));
    rmdir(host_run_file("vmette"));
    rmdir(directory);
}

void agent_start(const char *program) {
    check(mkdtemp(directory) != NULL);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/agent", directory);
    atexit(remove_directory);
    agent = fork();
    if (agent == 0) {
        for (int fd = 3; fd < 1024; fd++) close(fd); /* whatever this test itself has inherited */
        execl(program, program, address.sun_path, (char *)NULL);
        _exit(127);
    }
    for (;;) { /* until it listens */
        check_says(waitpid(agent, NULL, WNOHANG) == 0, "%s does not start", program);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
        close(fd);
        if (there) return;
        poll(NULL, 0, 5);
    }
}

static void begin(enum frame_type type) {
    w.size = 0;
    frame_begin(&w, type);
}

static void end(int control) {
    frame_end(&w);
    host_send(control, w.bytes, w.size);
}

void agent_stop(int control) {
    int status;
    begin(SHUTDOWN);
    end(control);
    check_equal(waitpid(agent, &status, 0), agent);
    check_says(WIFEXITED(status) && WEXITSTATUS(status) == 0, "agent ended with wait status 0x%x", status);
}

int host_connect(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_says(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect: %s", strerror(errno));
    return fd;
}

void host_send(int fd, const void *bytes, size_t size) {
    for (const char *at = bytes; size > 0;) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        check_says(sent > 0, "send: %s", strerror(errno));
        at += sent;
        size -= (size_t)sent;
    }
}

static ssize_t receive(int fd, void *bytes, size_t size) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    check_says(poll(&ready, 1, DEADLINE_MS) == 1, "nothing within %d ms", DEADLINE_MS);
    return recv(fd, bytes, size, 0);
}

static void receive_all(int fd, uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t got = receive(fd, bytes, size);
        check_says(got > 0, "connection ended (%zd) where %zu bytes more were expected", got, size);
        bytes += got;
        size -= (size_t)got;
    }
}

static uint64_t take(uint8_t **at, int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint64_t)(*at)[i] << 8 * i;
    *at += size;
    return value;
}

static void take_text(uint8_t **at, char *text) {
    uint32_t length = (uint32_t)take(at, 4);
    check(length <= TEXT_MAX);
    memcpy(text, *at, length);
    text[length] = 0;
    *at += length;
}

struct reply host_read(int control) {
    struct reply reply = {0};
    uint8_t bytes[REPLY_MAX], *at = bytes;
    receive_all(control, bytes, 4);
    uint32_t length = (uint32_t)take(&at, 4);
    check(length >= 1 && length <= REPLY_MAX - 4);
    receive_all(control, bytes, length);
    at = bytes;
    reply.type = (uint8_t)take(&at, 1);
    switch (reply.type) {
    case AGENT_HELLO:
        reply.value = (uint32_t)take(&at, 2);
        take_text(&at, reply.text);
        break;
    case RESTORED:
        reply.token = (uint8_t)take(&at, 1);
        at += INSTANCE_SIZE - 1;
        reply.offset = take(&at, 8);
        reply.stepped = (int64_t)take(&at, 8);
        for (int i = 0; i < 5; i++) reply.took += take(&at, 8);
        /* and READY's fields */
        __attribute__((fallthrough));
    case READY:
        check(take(&at, 8) > 0);
        check(take(&at, 8) > 1 << 20);
        take_text(&at, reply.text);
        break;
    case AGENT_ERROR:
        reply.kind = (uint8_t)take(&at, 2);
        reply.value = (uint32_t)take(&at, 4);
        take_text(&at, reply.text);
        break;
    case STARTED:
        reply.execution = take(&at, 8);
        reply.value = (uint32_t)take(&at, 4);
        break;
    case EXEC_FAILED:
        reply.execution = take(&at, 8);
        reply.value = (uint32_t)take(&at, 4);
        take_text(&at, reply.text);
        break;
    case PONG:
        reply.execution = take(&at, 8);
        check(take(&at, 8) > 0);
        check(take(&at, 8) > 0);
        break;
    case EXITED:
        reply.execution = take(&at, 8);
        reply.kind = (uint8_t)take(&at, 1);
        reply.value = (uint32_t)take(&at, 4);
        check_equal(take(&at, 1), 0); /* without cgroups nothing is known of the OOM killer */
        break;
    case FORWARDED:
        reply.execution = take(&at, 8);
        reply.value = (uint32_t)take(&at, 4);
        break;
    case ATTACHED:
        reply.execution = take(&at, 8);
        reply.stream = (uint8_t)take(&at, 1);
        reply.token = (uint8_t)take(&at, 1);
        at += TOKEN_SIZE - 1;
        reply.kind = (uint8_t)take(&at, 1);
        reply.value = (uint32_t)take(&at, 4);
        reply.offset = take(&at, 8);
        reply.size = (uint32_t)take(&at, 4);
        break;
    default:
        check_says(false, "frame of type 0x%02x", reply.type);
    }
    check_equal(at - bytes, length);
    return reply;
}

struct reply host_expect(int control, uint8_t type, uint64_t execution) {
    struct reply reply = host_read(control);
    check_says(reply.type == type && reply.execution == execution,
               "got type 0x%02x execution %llu value %u '%s', expected 0x%02x execution %llu", reply.type,
               (unsigned long long)reply.execution, reply.value, reply.text, type, (unsigned long long)execution);
    return reply;
}

void host_expect_closed(int fd) {
    char byte;
    ssize_t got = receive(fd, &byte, 1);
    check_says(got == 0 || (got < 0 && errno == ECONNRESET), "read gave %zd", got);
    close(fd);
}

int host_control(void) {
    int control = host_connect();
    host_send(control, "VMTC", 4);
    begin(HELLO);
    put_u16(&w, PROTOCOL_VERSION);
    end(control);
    check_equal(host_expect(control, AGENT_HELLO, 0).value, PROTOCOL_VERSION);
    return control;
}

void host_boot(int control) {
    begin(BOOT);
    put_u8(&w, 0);
    put_text(&w, "guest");
    put_u32(&w, 2);
    put_text(&w, "BASE=base");
    put_text(&w, "OVER=under");
    end(control);
    host_expect(control, READY, 0);
}

void host_instance(int control, const uint8_t id[INSTANCE_SIZE]) {
    begin(INSTANCE);
    put_raw(&w, id, INSTANCE_SIZE);
    end(control);
}

void host_restore(int control, uint64_t wall_ns, uint8_t entropy, const uint8_t id[INSTANCE_SIZE], const char *hostname, const char *entry) {
    begin(RESTORE);
    put_u64(&w, wall_ns);
    for (int i = 0; i < ENTROPY_SIZE; i++) put_u8(&w, entropy);
    put_raw(&w, id, INSTANCE_SIZE);
    put_text(&w, hostname);
    put_u32(&w, 1);
    put_text(&w, entry);
    end(control);
}

void host_token(uint64_t id, uint8_t stream, uint8_t token[TOKEN_SIZE]) {
    for (int i = 0; i < TOKEN_SIZE; i++) token[i] = (uint8_t)(id * 31 + stream * 7u + (unsigned)i * 13 + 1);
}

void host_exec(int control, struct command command, const char *line) {
    uint8_t outputs = command.flags & EXEC_DETACHED ? MODE_REPLAY : MODE_CONNECTION;
    uint8_t modes[STREAMS] = {command.in, command.out ? outputs : 0, command.err ? outputs : 0};
    begin(EXEC);
    put_u64(&w, command.id);
    put_u32(&w, command.flags);
    for (uint8_t i = 0; i < STREAMS; i++) {
        uint8_t token[TOKEN_SIZE];
        host_token(command.id, i, token);
        put_u8(&w, modes[i]);
        for (int j = 0; j < TOKEN_SIZE; j++) put_u8(&w, token[j]);
    }
    put_u32(&w, command.output_grace_ms);
    put_u32(&w, command.kill_grace_ms);
    put_u32(&w, command.replay_bytes);
    put_u16(&w, command.rows);
    put_u16(&w, command.columns);
    put_text(&w, command.cwd ? command.cwd : "");
    const char *const shell[] = {"sh", "-c", line, NULL}, *const alone[] = {command.program, NULL};
    const char *const *arguments = command.built_in ? command.built_in : command.program ? alone : shell;
    uint32_t count = 0;
    while (arguments[count]) count++;
    put_u32(&w, count);
    for (uint32_t i = 0; i < count; i++) put_text(&w, arguments[i]);
    put_u32(&w, command.env ? 1 : 0);
    if (command.env) put_text(&w, command.env);
    end(control);
}

uint32_t host_start(int control, struct command command, const char *line) {
    host_exec(control, command, line);
    return host_expect(control, STARTED, command.id).value;
}

void host_signal(int control, uint64_t id, uint32_t signal, bool group) {
    begin(SIGNAL);
    put_u64(&w, id);
    put_u32(&w, signal);
    put_u8(&w, group);
    end(control);
}

void host_discard(int control, uint64_t id, uint8_t stream) {
    begin(DISCARD);
    put_u64(&w, id);
    put_u8(&w, stream);
    end(control);
}

void host_resize(int control, uint64_t id, uint16_t rows, uint16_t columns) {
    begin(RESIZE);
    put_u64(&w, id);
    put_u16(&w, rows);
    put_u16(&w, columns);
    end(control);
}

void host_attach(int control, uint64_t id, uint8_t stream, uint8_t token, uint64_t from) {
    begin(ATTACH);
    put_u64(&w, id);
    put_u8(&w, stream);
    for (int i = 0; i < TOKEN_SIZE; i++) put_u8(&w, token);
    put_u64(&w, from);
    end(control);
}

void host_release(int control, uint64_t id) {
    begin(RELEASE);
    put_u64(&w, id);
    end(control);
}

void host_ping(int control, uint64_t nonce) {
    begin(PING);
    put_u64(&w, nonce);
    end(control);
}

void host_forward(int control, uint64_t id, uint16_t port) {
    uint8_t token[TOKEN_SIZE];
    host_token(id, SOCKET, token);
    begin(FORWARD);
    put_u64(&w, id);
    for (int i = 0; i < TOKEN_SIZE; i++) put_u8(&w, token[i]);
    put_u16(&w, port);
    end(control);
}

void host_forwarded(int control, uint64_t id, uint32_t number) {
    struct reply reply = host_expect(control, FORWARDED, id);
    check_says(reply.value == number, "FORWARDED errno %u, expected %u", reply.value, number);
}

int host_socket(uint64_t id) { return host_data(id, SOCKET); }

void host_exited(int control, uint64_t id, uint8_t kind, uint32_t value) {
    struct reply reply = host_expect(control, EXITED, id);
    check_says(reply.kind == kind && reply.value == value, "EXITED kind %u value %u", reply.kind, reply.value);
}

int host_data_with(uint64_t id, uint8_t stream, const uint8_t token[TOKEN_SIZE]) {
    uint8_t bytes[4 + CLAIM_SIZE] = "VMTD";
    struct writer opening = {.bytes = bytes, .size = 4};
    put_u64(&opening, id);
    put_u8(&opening, stream);
    for (int i = 0; i < TOKEN_SIZE; i++) put_u8(&opening, token[i]);
    int fd = host_connect();
    host_send(fd, bytes, sizeof bytes);
    return fd;
}

int host_data(uint64_t id, uint8_t stream) {
    uint8_t token[TOKEN_SIZE];
    host_token(id, stream, token);
    return host_data_with(id, stream, token);
}

int host_data_of(uint64_t id, uint8_t stream, uint8_t token) {
    uint8_t bytes[TOKEN_SIZE];
    memset(bytes, token, sizeof bytes);
    return host_data_with(id, stream, bytes);
}

size_t host_receive(int fd, void *bytes, size_t size) {
    ssize_t got = receive(fd, bytes, size);
    check_says(got >= 0, "recv: %s", strerror(errno));
    return (size_t)got;
}

static char output[65536];

const char *host_output(int fd) {
    size_t size = 0;
    for (;;) {
        check(size < sizeof output - 1);
        ssize_t got = receive(fd, output + size, sizeof output - 1 - size);
        check_says(got >= 0, "recv: %s", strerror(errno));
        if (got == 0) break;
        size += (size_t)got;
    }
    output[size] = 0;
    close(fd);
    return output;
}

void host_await_text(int fd, const char *awaited) {
    size_t size = 0;
    do {
        check(size < sizeof output - 1);
        ssize_t got = receive(fd, output + size, sizeof output - 1 - size);
        output[size + (got > 0 ? (size_t)got : 0)] = 0;
        check_says(got > 0, "ended after '%s'", output);
        size += (size_t)got;
    } while (!strstr(output, awaited));
}

void host_await_gone(pid_t pid) {
    for (int waited = 0; kill(pid, 0) == 0; waited += 5) {
        check_says(waited < DEADLINE_MS, "process %d is still there", (int)pid);
        poll(NULL, 0, 5);
    }
}
