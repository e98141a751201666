/* The device is unplugged: all connections break at once, and commands go on in rings; against a whole agent that is told so by a file. */
#include <signal.h>

#include "replaying.h"

static void make_file(const char *name) {
    int fd = open(host_run_file(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check(fd >= 0);
    close(fd);
}

static void unplug(void) {
    make_file("unplugged");
    unlink(host_run_file("going"));
    close(control);
}

/* While the device is going, until the agent has had bytes to send; what comes from fd, if that is not -1, is taken. */
static void await_refusal(int fd) {
    char bytes[4096];
    for (bool taken = false; taken || access(host_run_file("refused"), F_OK) < 0;) {
        taken = fd >= 0 && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
        if (!taken) poll(NULL, 0, 5);
    }
    check(unlink(host_run_file("refused")) == 0);
}

/* A new device, and a new connection: by its HELLO the agent has seen what became of the former. */
static void plug_in(void) {
    control = host_control();
    check(unlink(host_run_file("unplugged")) == 0);
}

#define ORDINARY(...) ((struct command){.id = ++id, .out = true, __VA_ARGS__})

/* Receives exactly so many bytes, which are the pattern's. */
static void read_pattern(int fd, uint64_t size) {
    char bytes[4096];
    for (uint64_t offset = 0; offset < size;) {
        size_t got = host_receive(fd, bytes, size - offset < sizeof bytes ? size - offset : sizeof bytes);
        check(got > 0);
        for (size_t i = 0; i < got; i++) check(bytes[i] == pattern_at(offset + i));
        offset += got;
    }
}

static void announced_and_ended(uint8_t kind, uint32_t value) {
    bool started = false;
    for (;;) {
        struct reply reply = host_read(control);
        check_equal(reply.execution, id);
        if (reply.type == STARTED) started = true;
        if (reply.type == STARTED) continue;
        check_says(reply.type == EXITED && started && reply.kind == kind && reply.value == value, "type 0x%02x kind %u value %u", reply.type,
                   reply.kind, reply.value);
        return;
    }
}

/* The command is announced, and its output, of which so many bytes came, is had to its end but for what was on its way. */
static void goes_on_with_a_gap_after(uint64_t received, uint64_t size, uint8_t token) {
    uint64_t offset;
    check_equal(host_expect(control, STARTED, id).value > 0, 1);
    int fd = attached(id, 1, token, received, &offset);
    check_says(offset > received && offset < size, "%llu", (unsigned long long)offset);
    check_equal(follow(fd, offset, size), size);
    both_end(id, token, size, 0, 0);
    close(fd);
}

static void an_output_goes_on_and_what_was_on_its_way_is_the_gap(void) {
    const uint64_t size = 16 * 100000; /* more than the ring, the pipe and the connection hold */
    host_start(control, ORDINARY(0), pattern(size));
    int fd = host_data(id, 1);
    read_pattern(fd, 5000);
    unplug();
    close(fd);
    plug_in();
    goes_on_with_a_gap_after(5000, size, 7);
    uint64_t offset;
    fd = attached(id, 1, 8, size, &offset); /* it is kept until it is released */
    check(offset == size && strcmp(host_output(fd), "") == 0);
    news(id, 1, 8, 2, size);
    release(id);
    refused(id, 1, 0, ESRCH);
}

static void an_output_goes_on_whose_device_went_before_its_connection(void) {
    const uint64_t size = 16 * 100000;
    host_start(control, ORDINARY(0), pattern(size));
    int fd = host_data(id, 1);
    read_pattern(fd, 5000);
    make_file("going");
    await_refusal(fd);
    unplug();
    close(fd);
    plug_in();
    goes_on_with_a_gap_after(5000, size, 11);
    release(id);
}

static void an_output_that_could_not_be_sent_for_a_while_goes_on(void) {
    const uint64_t size = 16 * 1000;
    host_start(control, ORDINARY(0), gated(pattern(size)));
    int fd = host_data(id, 1);
    make_file("going");
    open_gate();
    await_refusal(-1);
    check(unlink(host_run_file("going")) == 0);
    read_pattern(fd, size);
    close(fd);
    host_exited(control, id, 0, 0);
}

static void a_reply_that_could_not_be_sent_for_a_while_comes(void) {
    make_file("going");
    host_ping(control, 2);
    await_refusal(-1);
    check(unlink(host_run_file("going")) == 0);
    check_equal(host_read(control).type, PONG);
}

static void a_command_without_output_goes_on_when_the_device_went_before_the_control_connection(void) {
    host_start(control, ORDINARY(0), gated("exit 7"));
    make_file("going");
    host_ping(control, 1);
    await_refusal(-1);
    unplug();
    plug_in();
    host_expect(control, STARTED, id);
    open_gate();
    host_exited(control, id, 0, 7);
    release(id);
}

static void an_end_that_could_not_be_told_before_the_control_connection_broke_is_told_again(void) {
    host_start(control, (struct command){.id = ++id}, gated("exit 7"));
    make_file("going");
    open_gate();
    await_refusal(-1);
    unplug();
    plug_in();
    announced_and_ended(0, 7);
    release(id);
}

static void what_is_announced_comes_before_the_answer_to_what_was_asked_for_with_the_hello(void) {
    uint8_t bytes[64] = "VMTC";
    struct writer both = {.bytes = bytes, .size = 4};
    frame_begin(&both, HELLO);
    put_u16(&both, PROTOCOL_VERSION);
    frame_end(&both);
    frame_begin(&both, PING);
    put_u64(&both, 7);
    frame_end(&both);
    host_start(control, ORDINARY(0), gated("exit 0"));
    unplug();
    control = host_connect();
    host_send(control, both.bytes, both.size);
    check_equal(host_read(control).type, AGENT_HELLO);
    check(unlink(host_run_file("unplugged")) == 0);
    host_expect(control, STARTED, id);
    host_expect(control, PONG, 7);
    open_gate();
    host_exited(control, id, 0, 0);
    release(id);
}

static void one_that_is_still_being_started_is_announced(void) {
    make_file("starting");
    host_exec(control, ORDINARY(0), "exit 5");
    host_ping(control, 3);
    host_expect(control, PONG, 3);
    unplug();
    plug_in();
    check_equal(host_expect(control, STARTED, id).value > 0, 1);
    check(unlink(host_run_file("starting")) == 0);
    announced_and_ended(0, 5);
    release(id);
}

static void one_that_cannot_be_started_after_all_is_told_of_once_more(void) {
    make_file("starting");
    host_exec(control, ORDINARY(.program = "/no/such/program"), NULL);
    host_ping(control, 4);
    host_expect(control, PONG, 4);
    unplug();
    plug_in();
    host_expect(control, STARTED, id);
    check(unlink(host_run_file("starting")) == 0);
    check_equal(host_expect(control, EXEC_FAILED, id).value, ENOENT);
    refused(id, 1, 0, ESRCH);
}

static void an_output_that_was_not_bound_yet_loses_nothing(void) {
    host_start(control, ORDINARY(.err = true), gated("echo out; echo err >&2; exit 3"));
    unplug();
    plug_in();
    host_expect(control, STARTED, id);
    open_gate();
    host_exited(control, id, 0, 3);
    for (uint8_t stream = 1; stream <= 2; stream++) {
        uint64_t offset;
        int fd = attached(id, stream, stream, 0, &offset);
        check_equal(offset, 0);
        check(strcmp(host_output(fd), stream == 1 ? "out\n" : "err\n") == 0);
        news(id, stream, stream, 2, 4);
    }
    release(id);
}

static void one_that_ended_with_output_left_keeps_it_and_its_end_is_told_again(void) {
    host_start(control, ORDINARY(.output_grace_ms = 600000), "yes & exit 0");
    int fd = host_data(id, 1);
    char bytes[64];
    check(host_receive(fd, bytes, sizeof bytes) > 0);
    host_exited(control, id, 0, 0);
    unplug();
    close(fd);
    plug_in();
    announced_and_ended(0, 0);
    struct reply reply = attach(id, 1, 3, 0);
    check_says(reply.kind == 0 && reply.offset > 0, "kind %u offset %llu", reply.kind, (unsigned long long)reply.offset);
    host_signal(control, id, SIGKILL, true);
    host_release(control, id);
    news(id, 1, 3, 4, reply.offset);
}

static void a_terminal_goes_on(void) {
    host_start(control, ORDINARY(.in = true, .flags = EXEC_PTY), gated("test -t 1 && echo still here"));
    int fd = host_data(id, 1), in = host_data(id, 0);
    unplug();
    close(fd);
    close(in);
    plug_in();
    host_expect(control, STARTED, id);
    open_gate();
    host_exited(control, id, 0, 0);
    uint64_t offset;
    fd = attached(id, 1, 4, 0, &offset);
    check(strstr(host_output(fd), "still here\r\n"));
    check_equal(host_expect(control, ATTACHED, id).kind, 2);
    release(id);
}

static void an_input_ends(void) {
    host_start(control, ORDINARY(.in = true), "cat; echo end");
    int in = host_data(id, 0), fd = host_data(id, 1);
    host_send(in, "hello\n", 6);
    host_await_text(fd, "hello\n");
    unplug();
    close(in);
    close(fd);
    plug_in();
    announced_and_ended(0, 0);
    uint64_t offset;
    fd = attached(id, 1, 5, 6, &offset);
    check_equal(offset, 6);
    check(strcmp(host_output(fd), "end\n") == 0);
    news(id, 1, 5, 2, 10);
    release(id);
}

static void a_built_in_ends_with_its_host(void) {
    const char *const line[] = {"write", "/tmp/vmette-unplugged-test", "644", "replace", NULL};
    host_start(control, ORDINARY(.in = true, .flags = EXEC_BUILTIN, .built_in = line), NULL);
    int in = host_data(id, 0);
    host_send(in, "\x05\0\0\0he", 6);
    unplug();
    close(in);
    plug_in();
    host_exited(control, id, 0, ECANCELED);
    check(access("/tmp/vmette-unplugged-test", F_OK) < 0);
    refused(id, 1, 0, ESRCH);
}

static void a_detached_one_is_attached_to_again(void) {
    const uint64_t size = 16 * 40000;
    host_start(control, BLOCKING(65536), pattern(size));
    uint64_t offset;
    int fd = attached(id, 1, 9, 0, &offset);
    uint64_t so_far = follow(fd, 0, 100000);
    unplug();
    close(fd);
    plug_in();
    host_attach(control, id, 1, 10, so_far);
    struct reply reply = host_read(control); /* before it the command, and what became of the attachment, if that was not lost with the former link */
    for (; reply.type != ATTACHED || reply.token != 10; reply = host_read(control)) {
        check(reply.type == STARTED || (reply.type == ATTACHED && reply.kind == 5 && reply.token == 9));
    }
    check(reply.kind == 0 && reply.offset == so_far);
    fd = host_data_of(id, 1, 10);
    check_equal(follow(fd, so_far, size), size);
    both_end(id, 10, size, 0, 0);
    close(fd);
    release(id);
}

static void where_there_is_no_memory_for_rings_the_command_sees_its_pipe_closed(void) {
    static uint64_t first;
    const char *line = gated("trap '' PIPE; echo x 2>/dev/null || exit 9");
    first = id + 1;
    /* All the budget but less than a ring goes to others, that the test of bounds knows how to fill. */
    struct reply reply;
    uint32_t rings[] = {64u << 20, 16u << 20, 4u << 20, 1u << 20, 256u << 10};
    for (int i = 0; i < 5;) {
        host_exec(control, DETACHED(rings[i]), "exit 0");
        reply = host_read(control);
        if (reply.type == EXEC_FAILED) i++;
        else host_exited(control, id, 0, 0);
    }
    uint64_t last = id;
    host_start(control, ORDINARY(0), line);
    unplug();
    plug_in();
    open_gate();
    for (bool ended = false; !ended;) {
        reply = host_read(control);
        ended = reply.type == EXITED && reply.execution == id;
        if (ended) check_equal(reply.value, 9);
    }
    uint64_t command = id;
    for (uint64_t other = first; other <= last; other++) host_release(control, other);
    release(command);
}

int main(int argc, char **argv) {
    check(argc == 2);
    snprintf(gate, sizeof gate, "/tmp/vmette-unplugged-gate-%d", (int)getpid());
    atexit(remove_gate);
    agent_start(argv[1]);
    control = host_control();
    host_boot(control);
    run(an_output_goes_on_and_what_was_on_its_way_is_the_gap);
    run(an_output_goes_on_whose_device_went_before_its_connection);
    run(an_output_that_could_not_be_sent_for_a_while_goes_on);
    run(a_reply_that_could_not_be_sent_for_a_while_comes);
    run(a_command_without_output_goes_on_when_the_device_went_before_the_control_connection);
    run(an_end_that_could_not_be_told_before_the_control_connection_broke_is_told_again);
    run(what_is_announced_comes_before_the_answer_to_what_was_asked_for_with_the_hello);
    run(one_that_is_still_being_started_is_announced);
    run(one_that_cannot_be_started_after_all_is_told_of_once_more);
    run(an_output_that_was_not_bound_yet_loses_nothing);
    run(one_that_ended_with_output_left_keeps_it_and_its_end_is_told_again);
    run(a_terminal_goes_on);
    run(an_input_ends);
    run(a_built_in_ends_with_its_host);
    run(a_detached_one_is_attached_to_again);
    run(where_there_is_no_memory_for_rings_the_command_sees_its_pipe_closed);
    agent_stop(control);
    return 0;
}
