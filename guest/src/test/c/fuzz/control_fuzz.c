/* with: openings.c execution.c streams.c replay.c ring.c forward.c linger.c loop.c frames.c
 * wrap: clock_gettime epoll_wait kill
 * The input is what a host does: connects, sends frames and worse, claims streams, reads or does not, hangs up; while
 * commands start, write, end, and time passes. There are no processes: a command is what this file says it is. At the end of each
 * input everything hangs up and ends, and then nothing may be left of it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/un.h>

#include "cgroups.h"
#include "fuzz.h"
#include "openings.h"
#include "spawn.h"

#include "control.c"

#define HOSTS 6
#define COMMANDS 12
#define FIRST_PID 1000
#define STEPS 400

struct command {
    int theirs[3], verdict; /* the child's ends */
    bool alive, members;    /* members: of its process group */
};

static struct command commands[COMMANDS];
static int hosts[HOSTS];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;
static uint64_t clock_ns;
static jmp_buf powered_off;
static const uint8_t token[TOKEN_SIZE] = {1};

/* --- the machine around the agent --- */

int __wrap_clock_gettime(clockid_t which, struct timespec *now);
int __wrap_clock_gettime(clockid_t which, struct timespec *now) {
    (void)which;
    now->tv_sec = (time_t)(clock_ns / 1000000000);
    now->tv_nsec = (long)(clock_ns % 1000000000);
    return 0;
}

int __real_epoll_wait(int fd, struct epoll_event *events, int most, int patience);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int most, int patience);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int most, int patience) {
    must(patience >= -1);
    return __real_epoll_wait(fd, events, most, 0);
}

static struct command *command_of(pid_t pid) {
    must(pid >= FIRST_PID && pid < FIRST_PID + COMMANDS);
    return &commands[pid - FIRST_PID];
}

int __wrap_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal) {
    struct command *command = command_of(pid < 0 ? -pid : pid);
    must(signal >= 0 && signal <= 64);
    if (pid < 0 ? !command->members : !command->alive) {
        errno = ESRCH;
        return -1;
    }
    if (signal == SIGKILL && pid < 0) command->members = command->alive; /* all but the one that is still to be reaped */
    return 0;
}

void power_shutdown(void) { longjmp(powered_off, 1); }
void power_off(void) { abort(); }
bool power_set_hostname(struct text name) {
    errno = EINVAL;
    return name.length <= 64;
}
bool peer_is_host(int fd) { return fd >= 0; }
uint64_t cgroup_create(int *fd) {
    *fd = -1;
    return 0;
}
bool cgroup_oom_killed(uint64_t number) { return number > 0; }
void cgroup_remove(uint64_t number) { must(number == 0); }
void cgroups_sweep(void) {}
bool spawn_environment(struct list env) { return env.count < 1000; }

static bool make_pipe(int *ours, int *theirs, bool input) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return false;
    *ours = ends[input ? 1 : 0];
    *theirs = ends[input ? 0 : 1];
    return true;
}

bool spawn(const struct exec *exec, struct spawned *spawned, char why[SPAWN_WHY_MAX]) {
    struct command *command = commands;
    while (command < commands + COMMANDS && (command->alive || command->members)) command++;
    if (command == commands + COMMANDS) {
        snprintf(why, SPAWN_WHY_MAX, "no more processes");
        errno = EAGAIN;
        return false;
    }
    spawned->cgroup = 0;
    spawned->pid = FIRST_PID + (pid_t)(command - commands);
    for (int i = 0; i < 3; i++) {
        spawned->ours[i] = command->theirs[i] = -1;
        bool none = (i == 0 && exec->stream[0].mode == 0) || (i == 2 && (exec->flags & (EXEC_MERGE | EXEC_PTY)));
        if (!none) must(make_pipe(&spawned->ours[i], &command->theirs[i], i == 0));
    }
    must(make_pipe(&spawned->verdict, &command->verdict, false));
    command->alive = command->members = true;
    return true;
}

/* --- what commands do --- */

static void let_go(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void give_verdict(struct command *command, bool failed) {
    struct spawn_failure failure = {.number = ENOENT, .why = "cannot run it"};
    if (failed && command->verdict >= 0) must(write(command->verdict, &failure, sizeof failure) == sizeof failure);
    let_go(&command->verdict);
}

static void end_command(struct command *command, uint8_t how) {
    if (!command->alive) return;
    let_go(&command->verdict);
    for (int i = 0; i < 3 && (how & 1); i++) let_go(&command->theirs[i]);
    command->alive = false;
    command->members = how & 2;
    must(execution_reaped(FIRST_PID + (pid_t)(command - commands), how & 4 ? 9 : 256));
    executions_check_groups();
}

static void command_does(struct dice *dice) {
    struct command *command = &commands[roll(dice) % COMMANDS];
    static uint8_t text[65536];
    uint8_t what = roll(dice);
    switch (what % 8) {
    case 0: give_verdict(command, false); break;
    case 1: give_verdict(command, true); break;
    case 2: end_command(command, what >> 3); break;
    case 3: let_go(&command->theirs[(what >> 3) % 3]); break;
    case 4:
        if (command->theirs[0] >= 0 && read(command->theirs[0], text, sizeof text) < 0) must(errno == EAGAIN);
        break;
    case 5:
        if (!command->alive) command->members = false;
        executions_check_groups();
        break;
    default:
        for (int i = 1; i < 3; i++) {
            size_t size = what & 8 ? sizeof text : roll(dice);
            if (command->theirs[i] >= 0 && write(command->theirs[i], text, size) < 0) must(errno == EAGAIN || errno == EPIPE);
        }
    }
}

/* --- what the host does --- */

static void say(int host, const void *bytes, size_t size) {
    if (send(host, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) must(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
}

static int dial(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, address_size) == 0);
    return fd;
}

static void put_command(struct writer *w, struct dice *dice) {
    put_u64(w, roll(dice) % 16);
    uint8_t flags = roll(dice);
    put_u32(w, flags & 0x0b);
    for (int i = 0; i < STREAMS; i++) {
        put_u8(w, flags >> (4 + i) & 1);
        for (int j = 0; j < TOKEN_SIZE; j++) put_u8(w, token[j]);
    }
    put_u32(w, roll(dice));
    put_u32(w, roll(dice));
    put_u32(w, 0); /* the terminal's size */
    put_text(w, "/");
    put_u32(w, 1);
    put_text(w, "program");
    put_u32(w, 0);
}

/* A frame that may well be one, or any bytes. */
static void send_frame(int host, struct dice *dice) {
    uint8_t bytes[512], type = roll(dice) % 16;
    struct writer w = {.bytes = bytes};
    frame_begin(&w, type);
    switch (type) {
    case HELLO: put_u16(&w, roll(dice) % 8 ? PROTOCOL_VERSION : roll(dice)); break;
    case BOOT:
        put_u8(&w, roll(dice) % 8 == 1);
        put_text(&w, "vm");
        put_u32(&w, 0);
        break;
    case EXEC: put_command(&w, dice); break;
    case SIGNAL:
        put_u64(&w, roll(dice) % 16);
        put_u32(&w, roll(dice) % 70);
        put_u8(&w, roll(dice) % 3);
        break;
    case RESIZE:
        put_u64(&w, roll(dice) % 16);
        put_u32(&w, 0x00500018);
        break;
    case PING: put_u64(&w, roll(dice)); break;
    case SHUTDOWN: break;
    case DISCARD:
        put_u64(&w, roll(dice) % 16);
        put_u8(&w, roll(dice) % 4);
        break;
    default:
        for (int i = roll(dice) % 32; i > 0; i--) put_u8(&w, roll(dice));
    }
    frame_end(&w);
    if (roll(dice) % 32 == 1) bytes[roll(dice) % w.size] ^= roll(dice);
    say(host, bytes, roll(dice) % 32 == 1 ? w.size / 2 : w.size);
}

static void send_claim(int host, struct dice *dice) {
    uint8_t bytes[4 + CLAIM_SIZE] = "VMTD", which = roll(dice);
    bytes[4] = which % 16;
    bytes[12] = which / 16 % 4;
    memcpy(bytes + 13, token, TOKEN_SIZE);
    if (which / 64 == 1) bytes[13] ^= 1;
    say(host, bytes, which / 64 == 2 ? roll(dice) % sizeof bytes : sizeof bytes);
}

/* What the agent says is frames of its own. */
static void listen_to(int host, bool framed) {
    static uint8_t bytes[65536];
    ssize_t got = recv(host, bytes, sizeof bytes, MSG_DONTWAIT);
    for (ssize_t at = 0; framed && at < got;) {
        int32_t whole = frame_complete(bytes + at, (uint32_t)(got - at));
        must(whole >= 0 && whole <= REPLY_MAX);
        if (whole == 0) break;
        must(bytes[at + FRAME_HEADER] >= AGENT_HELLO);
        at += whole;
    }
}

static void host_does(struct dice *dice) {
    uint8_t what = roll(dice);
    int *host = &hosts[what % HOSTS];
    if (*host < 0) {
        *host = dial();
        if (what % HOSTS == 0) say(*host, "VMTC", 4);
        return;
    }
    switch (what / HOSTS % 8) {
    case 0: let_go(host); break;
    case 1: shutdown(*host, SHUT_WR); break;
    case 2: listen_to(*host, false); break;
    case 3: send_claim(*host, dice); break;
    case 4: say(*host, "0123456789", 1 + roll(dice) % 10); break;
    default: send_frame(*host, dice);
    }
}

/* --- one input --- */

static int lowest_free(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}

static void quiet(void) {
    for (int i = 0; i < 20; i++) loop_turn();
}

static void everything_ends(void) {
    for (int i = 0; i < HOSTS; i++) let_go(&hosts[i]);
    drop();
    for (struct command *c = commands; c < commands + COMMANDS; c++) {
        let_go(&c->verdict);
        quiet();
        end_command(c, 1);
        for (int i = 0; i < 3; i++) let_go(&c->theirs[i]);
        c->members = false;
    }
    executions_check_groups();
    for (int i = 0; i < 4; i++) {
        clock_ns += 20000000000ull;
        quiet();
    }
    /* one more host hears of all ends, so that nobody owes anything */
    booted = false;
    int last = dial();
    const uint8_t hello[] = {3, 0, 0, 0, HELLO, PROTOCOL_VERSION, 0};
    say(last, "VMTC", 4);
    say(last, hello, sizeof hello);
    quiet();
    must(greeted && !execution_owing());
    listen_to(last, true);
    close(last);
    for (int i = 0; i < 4; i++) {
        quiet();
        clock_ns += 20000000000ull;
    }
    for (uint64_t id = 0; id < 16; id++) must(!execution_find(id));
    booted = false;
}

static void start_agent(void) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "vmette-fuzz-%d", (int)getpid());
    address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    must(bind(listener, (struct sockaddr *)&address, address_size) == 0 && listen(listener, 64) == 0);
    must(loop_init() && openings_serve(listener));
    for (int i = 0; i < HOSTS; i++) hosts[i] = -1;
    for (struct command *c = commands; c < commands + COMMANDS; c++) {
        c->verdict = c->theirs[0] = c->theirs[1] = c->theirs[2] = -1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    if (!started) start_agent();
    started = true;
    struct dice dice = {data, data + size};
    int before = lowest_free();
    if (!setjmp(powered_off)) {
        for (volatile int i = 0; i < STEPS && dice.at < dice.end; i++) {
            switch (roll(&dice) % 8) {
            case 0: command_does(&dice); break;
            case 1: clock_ns += roll(&dice) * 40000000ull; break;
            case 2:
            case 3: loop_turn(); break;
            default: host_does(&dice);
            }
        }
    }
    if (setjmp(powered_off)) drop(); /* a SHUTDOWN that had not been read yet */
    everything_ends();
    must(lowest_free() == before);
    return 0;
}
