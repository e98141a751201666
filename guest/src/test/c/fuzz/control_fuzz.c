/* with: openings.c execution.c streams.c replay.c ring.c forward.c linger.c loop.c restore.c instance.c frames.c
 * wrap: clock_gettime epoll_wait kill sysinfo mmap munmap socket connect getsockopt loop_watch
 * The input is what a host does: connects, sends frames and worse, claims streams, acknowledges, reads or does not, hangs up;
 * while commands start, write, end, programs answer forwards, and time passes. There are no processes and no TCP: both are
 * what this directory says they are. At the end of each input everything hangs up and ends, and then nothing may be left of it.
 */
#include <assert.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/un.h>

#include "cgroups.h"
#include "fuzz.h"
#include "openings.h"
#include "programs.h"
#include "ring.h"
#include "spawn.h"

#include "../no_root.h"
#include "control.c"

#define HOSTS 8
#define IDS 8     /* of executions, and of forwards */
#define RINGS (2u << 20) /* bytes that all rings may have */
#define COMMANDS 12
#define FIRST_PID 1000
#define STEPS 400

struct command {
    int theirs[3], verdict; /* the child's ends */
    bool alive, members;    /* members: of its process group */
};

static struct command commands[COMMANDS];
static struct {
    int fd;
    uint64_t claimed; /* the execution or forward of its claim */
    uint8_t stream;
} hosts[HOSTS];
static int mappings;   /* of the agent's memory, alive */
static bool no_memory; /* for new ones */
static bool unplugged; /* what breaks does so for want of a device */
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

int __real_sysinfo(struct sysinfo *memory);
int __wrap_sysinfo(struct sysinfo *memory);
int __wrap_sysinfo(struct sysinfo *memory) {
    *memory = (struct sysinfo){.totalram = 4 * RINGS, .mem_unit = 1};
    return 0;
}

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    errno = ENOMEM;
    void *bytes = no_memory ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
    if (bytes != MAP_FAILED) mappings++;
    return bytes;
}

int __real_munmap(void *at, size_t size);
int __wrap_munmap(void *at, size_t size);
int __wrap_munmap(void *at, size_t size) {
    mappings--;
    return __real_munmap(at, size);
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

/* After SHUTDOWN the host is gone and the rest stays for the next, as nothing else would be tried after it. */
static void guarded_turn(struct watch *watch, uint32_t events) {
    if (setjmp(powered_off)) drop();
    else turn(watch, events);
}

bool __real_loop_watch(struct watch *watch, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t));
bool __wrap_loop_watch(struct watch *watch, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t));
bool __wrap_loop_watch(struct watch *watch, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t)) {
    return __real_loop_watch(watch, fd, events, ready == turn ? guarded_turn : ready);
}

void power_off(void) { abort(); }
bool power_set_hostname(struct text name) {
    errno = EINVAL;
    return name.length <= 64;
}
bool peer_is_host(int fd) { return fd >= 0; }
bool transport_lost(int fd) { return fd >= 0 && unplugged; }
void console_say(const char *format, ...) { must(*format); }
void machine_hold(void) {}
uint64_t machine_wall_ns(void) { return clock_ns; }
bool machine_set_wall(uint64_t ns) { return ns <= INT64_MAX; }
bool machine_feed(const uint8_t entropy[ENTROPY_SIZE]) {
    errno = ENODATA;
    return entropy[0] < 0xf0;
}
uint64_t cgroup_take(int *fd) {
    *fd = -1;
    return 0;
}
bool cgroup_oom_killed(uint64_t number) { return number > 0; }
void cgroup_give_back(uint64_t number) { must(number == 0); }
void cgroups_make_ready(void) {}
void cgroups_sweep(void) {}
bool spawn_environment(struct list env) { return env.count < 1000; }

static bool make_pipe(int *ours, int *theirs, bool input) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return false;
    *ours = ends[input ? 1 : 0];
    *theirs = ends[input ? 0 : 1];
    return true;
}

/* An orphan may hold a pipe of a command that is gone with its group. */
static bool in_use(const struct command *command) {
    bool held = command->theirs[0] >= 0 || command->theirs[1] >= 0 || command->theirs[2] >= 0;
    return command->alive || command->members || held;
}

bool spawn(const struct exec *exec, struct spawned *spawned, char why[SPAWN_WHY_MAX]) {
    struct command *command = commands;
    while (command < commands + COMMANDS && in_use(command)) command++;
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
    if (failed && command->verdict >= 0) {
        must(write(command->verdict, &failure, sizeof failure) == sizeof failure || errno == EPIPE);
    }
    let_go(&command->verdict);
}

/* Whether the agent knows of it: not of one that never ran, for it was told so before. */
static bool known(pid_t pid) {
    for (uint64_t id = 0; id < IDS; id++) {
        const struct execution *x = execution_find(id);
        if (x && x->pid == pid && (x->state == EXECUTION_STARTING || x->state == EXECUTION_RUNNING)) return true;
    }
    return false;
}

static void end_command(struct command *command, uint8_t how) {
    if (!command->alive) return;
    let_go(&command->verdict);
    for (int i = 0; i < 3 && (how & 1); i++) let_go(&command->theirs[i]);
    command->alive = false;
    command->members = how & 2;
    pid_t pid = FIRST_PID + (pid_t)(command - commands);
    bool expected = known(pid);
    must(execution_reaped(pid, how & 4 ? 9 : 256) == expected);
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
    must(fd >= 0);
    while (connect(fd, (struct sockaddr *)&address, address_size) < 0) {
        must(errno == EAGAIN); /* the backlog is full of those that hung up before they were accepted */
        loop_turn();
    }
    return fd;
}

static void put_command(struct writer *w, struct dice *dice) {
    static const uint32_t rings[] = {4096, 1, 7, 100, 65536, 65537, 300000, RINGS / 2, RINGS, RINGS + 1, REPLAY_MAX + 1, 0};
    put_u64(w, roll(dice) % IDS);
    uint8_t flags = roll(dice), kind = roll(dice);
    bool detached = kind & 1, wild = kind / 8 == 31;
    put_u32(w, (flags & 0x0b) | (detached ? EXEC_DETACHED : 0) | (kind & 6 ? 0 : detached ? EXEC_BLOCK : EXEC_BUILTIN));
    for (int i = 0; i < STREAMS; i++) {
        bool none = (i == STDIN && detached) || (i == STDERR && flags & (EXEC_PTY | EXEC_MERGE));
        bool some = flags >> (4 + i) & 1 && (!none || wild);
        put_u8(w, some ? (detached ? MODE_REPLAY : MODE_CONNECTION) : MODE_NONE);
        put_token(w, token);
    }
    put_u32(w, roll(dice));
    put_u32(w, roll(dice));
    put_u32(w, detached ? rings[(kind >> 3) % (sizeof rings / sizeof *rings)] : 0);
    put_u32(w, 0); /* the terminal's size */
    put_text(w, "/");
    put_u32(w, 1);
    put_text(w, "program");
    put_u32(w, 0);
}

static struct replay *replay_of(uint64_t id, uint8_t stream) {
    struct execution *x = stream < STREAMS ? execution_find(id) : NULL;
    return x && x->stream[stream].state == STREAM_REPLAY ? &x->stream[stream].replay : NULL;
}

/* What is held, sent and acknowledged of a ring goes together, and what holds a command back is never given up. */
static void check_rings(void) {
    for (uint64_t id = 0; id < IDS; id++) {
        for (uint8_t stream = STDOUT; stream <= STDERR; stream++) {
            const struct replay *replay = replay_of(id, stream);
            if (!replay) continue;
            const struct ring *ring = &replay->ring;
            bool attached = replay->attachment != ATTACHMENT_NONE;
            must(ring->first <= ring->end && ring->end - ring->first <= ring->size);
            must(!attached || (replay->keep <= replay->sent && replay->sent <= ring->end));
            must(!(attached || replay->block) || replay->keep >= ring->first);
        }
    }
}

/* An offset that means something to the replay, or does not. */
static uint64_t some_offset(const struct replay *replay, struct dice *dice) {
    uint8_t how = roll(dice);
    if (!replay) return how;
    switch (how % 8) {
    case 0: return replay->sent;
    case 1: return replay->sent - (replay->sent - replay->keep) / 2;
    case 2: return replay->ring.first;
    case 3: return replay->ring.end;
    case 4: return replay->keep + how / 8;
    case 5: return replay->sent + how / 8;
    case 6: return how / 8;
    default: return (uint64_t)how << 56 | roll(dice);
    }
}

static void put_attach(struct writer *w, struct dice *dice) {
    uint64_t id = roll(dice) % IDS;
    uint8_t which = roll(dice), stream = which % 8 == 7 ? which / 8 % 4 : 1 + which % 2;
    put_u64(w, id);
    put_u8(w, stream);
    put_token(w, token);
    put_u64(w, some_offset(replay_of(id, stream), dice));
}

/* A frame that may well be one, or any bytes. */
static void send_frame(int host, struct dice *dice) {
    uint8_t bytes[512], type = roll(dice) % 19;
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
        put_u64(&w, roll(dice) % IDS);
        put_u32(&w, roll(dice) % 70);
        put_u8(&w, roll(dice) % 3);
        break;
    case RESIZE:
        put_u64(&w, roll(dice) % IDS);
        put_u32(&w, 0x00500018);
        break;
    case PING: put_u64(&w, roll(dice)); break;
    case SHUTDOWN: break;
    case DISCARD:
        put_u64(&w, roll(dice) % IDS);
        put_u8(&w, roll(dice) % 4);
        break;
    case ATTACH: put_attach(&w, dice); break;
    case SCRATCH: put_text(&w, "vmette-scratch"); break;
    case ROOT:
        put_u8(&w, roll(dice) % 5);
        put_text(&w, "squashfs");
        put_text(&w, "vmette-root");
        break;
    case NET:
        put_u32(&w, 0x0f02000a);
        put_u8(&w, roll(dice));
        put_u64(&w, 0);
        break;
    case SHARE:
        put_u8(&w, roll(dice) % 3);
        put_text(&w, "work");
        break;
    case RELEASE: put_u64(&w, roll(dice) % IDS); break;
    case RESTORE:
        put_u64(&w, (uint64_t)roll(dice) << 32);
        for (int i = roll(dice) % 16 ? ENTROPY_SIZE : 7; i > 0; i--) put_u8(&w, roll(dice));
        put_token(&w, token);
        put_text(&w, roll(dice) % 2 ? "clone" : "");
        put_u32(&w, 1);
        put_text(&w, "KEY=value");
        break;
    case INSTANCE: put_token(&w, token); break;
    case FORWARD:
        put_u64(&w, roll(dice) % IDS);
        put_token(&w, token);
        put_u16(&w, roll(dice));
        break;
    default:
        for (int i = roll(dice) % 32; i > 0; i--) put_u8(&w, roll(dice));
    }
    frame_end(&w);
    uint8_t damage = roll(dice) % 32 == 1 ? roll(dice) : 0, place = damage ? roll(dice) % w.size : 0;
    if (place < 5 || place >= 13) bytes[place] ^= damage; /* between them ids, which are to be found again at the end */
    say(host, bytes, roll(dice) % 32 == 1 ? w.size / 2 : w.size);
}

static void send_claim(int host, struct dice *dice) {
    uint8_t bytes[4 + CLAIM_SIZE] = "VMTD", which = roll(dice);
    hosts[host].claimed = bytes[4] = which % IDS;
    hosts[host].stream = bytes[12] = which / IDS % 4;
    memcpy(bytes + 13, token, TOKEN_SIZE);
    if (which / 32 == 6) bytes[13] ^= 1;
    say(hosts[host].fd, bytes, which / 32 == 7 ? roll(dice) % sizeof bytes : sizeof bytes);
}

/* Acknowledgements of what this connection may have got, or of what it has not, or half of one. */
static void send_acks(int host, struct dice *dice) {
    uint8_t bytes[4 * 8], how = roll(dice);
    struct writer w = {.bytes = bytes};
    for (int i = how % 4; i >= 0; i--) put_u64(&w, some_offset(replay_of(hosts[host].claimed, hosts[host].stream), dice));
    say(hosts[host].fd, bytes, how / 4 % 16 == 1 ? how / 64 * 8u + 3 : w.size);
}

static void send_content(int host, struct dice *dice) {
    static uint8_t text[65536];
    uint8_t how = roll(dice);
    say(hosts[host].fd, text, how & 1 ? sizeof text : how);
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

/* HELLO and BOOT, from which most of it begins. */
static const uint8_t greeting[] = {3, 0, 0, 0, HELLO, PROTOCOL_VERSION, 0, 10, 0, 0, 0, BOOT, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static_assert(sizeof greeting == 7 + 4 + 10, "a list and a text, both empty");

static void host_does(struct dice *dice) {
    uint8_t what = roll(dice);
    int host = what % HOSTS;
    int *fd = &hosts[host].fd;
    if (*fd < 0) {
        *fd = dial();
        if (host == 0) say(*fd, "VMTC", 4);
        if (host == 0 && what < 128) say(*fd, greeting, sizeof greeting);
        else if (host > 2) send_claim(host, dice);
        return;
    }
    switch (what / HOSTS % 8) {
    case 0: let_go(fd); break;
    case 1: shutdown(*fd, what & 64 ? SHUT_WR : SHUT_RDWR); break;
    case 2: listen_to(*fd, false); break;
    case 3: send_claim(host, dice); break;
    case 4: send_content(host, dice); break;
    case 5: send_acks(host, dice); break;
    default: send_frame(hosts[0].fd < 0 ? *fd : hosts[0].fd, dice);
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

/* All connections break at once. */
static void unplug(void) {
    unplugged = true;
    for (int i = 0; i < HOSTS; i++) let_go(&hosts[i].fd);
    quiet();
    unplugged = false;
}

/* A host that has lost interest has to say so. */
static void let_all_go(int host) {
    for (uint64_t id = 0; id < IDS; id++) {
        uint8_t bytes[96];
        struct writer w = {.bytes = bytes};
        for (uint8_t stream = 0; stream < STREAMS; stream++) {
            frame_begin(&w, DISCARD);
            put_u64(&w, id);
            put_u8(&w, stream);
            frame_end(&w);
        }
        frame_begin(&w, RELEASE);
        put_u64(&w, id);
        frame_end(&w);
        say(host, bytes, w.size);
    }
}

/* Every forward's place, all memory, and all that rings may have, is free again. */
static void check_nothing_is_left(void) {
    for (uint64_t id = 0; id < IDS; id++) {
        must(!execution_find(id));
        must(forward_start(id, token, 8) == ECONNREFUSED);
    }
    must(!forward_owing() && mappings == 0);
    const struct exec most = {.flags = EXEC_DETACHED, .replay_bytes = RINGS, .stream[STDOUT].mode = MODE_REPLAY};
    char why[WHY_MAX];
    must(replay_affordable(&most, why));
}

static void everything_ends(void) {
    no_memory = false;
    for (int i = 0; i < HOSTS; i++) let_go(&hosts[i].fd);
    for (struct program *p = programs; p < programs + PROGRAMS; p++) program_ends(p);
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
    let_all_go(last);
    quiet();
    must(greeted && !execution_owing() && !forward_owing());
    listen_to(last, true);
    close(last);
    for (int i = 0; i < 4; i++) {
        quiet();
        clock_ns += 20000000000ull;
    }
    check_nothing_is_left();
    booted = false;
}

static void start_agent(void) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "vmette-fuzz-%d", (int)getpid());
    address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    must(bind(listener, (struct sockaddr *)&address, address_size) == 0 && listen(listener, 64) == 0);
    signal(SIGPIPE, SIG_IGN); /* which ends no PID 1 */
    must(loop_init() && openings_serve(listener));
    for (int i = 0; i < HOSTS; i++) hosts[i].fd = -1;
    for (struct program *p = programs; p < programs + PROGRAMS; p++) p->fd = -1;
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
    for (int i = 0; i < STEPS && dice.at < dice.end; i++) {
        uint8_t turn_of = roll(&dice);
        switch (turn_of % 8) {
        case 0:
            if (turn_of & 8) program_does(&dice);
            else command_does(&dice);
            break;
        case 1:
            if (turn_of == 249) no_memory = !no_memory;
            else if (turn_of == 241) unplug();
            else clock_ns += roll(&dice) * 40000000ull;
            break;
        case 2:
        case 3:
            loop_turn();
            check_rings();
            break;
        default: host_does(&dice);
        }
    }
    everything_ends();
    must(lowest_free() == before);
    return 0;
}
