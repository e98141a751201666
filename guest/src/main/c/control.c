#include "control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "cgroups.h"
#include "console.h"
#include "execution.h"
#include "forward.h"
#include "frames.h"
#include "instance.h"
#include "loop.h"
#include "machine.h"
#include "net.h"
#include "power.h"
#include "restore.h"
#include "root.h"
#include "spawn.h"
#include "vsock.h"

#define OUT_SIZE 16384
#define ROUNDS 8
#define RETRY_INTERVAL (250 * MILLIS)

static struct watch connection = {.fd = -1};
static uint8_t in[FRAME_HEADER + FRAME_MAX];
static uint32_t have; /* bytes in `in` */
static uint8_t out_bytes[OUT_SIZE];
static struct writer out = {.bytes = out_bytes};
static uint32_t out_head; /* sent so far of out */
static bool greeted, ending, booted;
static struct timer after_boot, retry;

static void drop(void) {
    timer_clear(&retry);
    loop_close(&connection);
    have = out.size = out_head = 0;
    greeted = ending = false;
    executions_sent();
}

/* The connection has broken; with all others, if the device was unplugged. */
static void lost(void) {
    if (transport_lost(connection.fd)) executions_unplugged(); /* before what is in `out` counts as sent */
    drop();
}

static bool room(void) {
    if (out_head > 0) {
        memmove(out.bytes, out.bytes + out_head, out.size - out_head);
        out.size -= out_head;
        out_head = 0;
    }
    return OUT_SIZE - out.size >= REPLY_MAX;
}

/* --- replies --- */

static void reply_error(enum error_code code, int number, const char *message) {
    frame_begin(&out, AGENT_ERROR);
    put_u16(&out, (uint16_t)code);
    put_u32(&out, (uint32_t)number);
    put_text(&out, message);
    frame_end(&out);
}

static void end_with(enum error_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void end_with(enum error_code code, const char *format, ...) {
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    reply_error(code, 0, message);
    ending = true;
}

static uint64_t uptime_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void put_ready(void) {
    struct sysinfo memory;
    struct utsname kernel;
    sysinfo(&memory);
    uname(&kernel);
    put_u64(&out, uptime_ns());
    put_u64(&out, (uint64_t)memory.totalram * memory.mem_unit);
    put_text(&out, kernel.release);
}

static void reply_ready(void) {
    frame_begin(&out, READY);
    put_ready();
    frame_end(&out);
}

static void reply_restored(const uint8_t *instance, const struct restored *restored) {
    frame_begin(&out, RESTORED);
    put_raw(&out, instance, INSTANCE_SIZE);
    put_u64(&out, machine_wall_ns());
    put_u64(&out, (uint64_t)restored->stepped);
    for (int step = 0; step < RESTORE_STEPS; step++) put_u64(&out, restored->took[step]);
    put_ready();
    frame_end(&out);
}

static void reply_failed(uint64_t execution, uint32_t number, const char *why) {
    frame_begin(&out, EXEC_FAILED);
    put_u64(&out, execution);
    put_u32(&out, number);
    put_text(&out, why);
    frame_end(&out);
}

/* --- commands --- */

static void hello(uint16_t version) {
    if (version != PROTOCOL_VERSION) {
        end_with(ERROR_VERSION, "the host speaks protocol version %u, the agent version %d", version, PROTOCOL_VERSION);
        return;
    }
    greeted = true;
    executions_announce();
    forwards_announce();
    frame_begin(&out, AGENT_HELLO);
    put_u16(&out, PROTOCOL_VERSION);
    put_text(&out, AGENT_NAME);
    frame_end(&out);
}

static bool begin_instance(const uint8_t *id) {
    if (!booted) instance_begin(id);
    return !booted;
}

static void root_step(const struct frame *frame) {
    char why[ROOT_WHY_MAX] = "this boot has had its BOOT";
    errno = EALREADY;
    bool fine = frame->type == SCRATCH ? root_scratch(frame->serial, why)
                : frame->type == ROOT  ? root_lower(&frame->root, why)
                : frame->type == NET   ? !booted && net_up(&frame->net, why, sizeof why)
                : frame->type == TRUST ? root_trust(frame->certificates, why)
                : frame->type == INSTANCE ? begin_instance(frame->instance)
                                       : root_share(frame->share.flags, frame->share.tag, why);
    if (fine) return;
    reply_error(ERROR_BOOT, errno, why);
    ending = true;
}

/* What commands could put something else in the place of. A root without a /run has no file in it. */
static void hold_for_restore(void) {
    int run = root_run();
    if (!instance_place(run)) console_say("cannot make /run/vmette/instance-id: %s", strerror(errno));
    if (run >= 0) close(run);
    machine_hold();
}

/* While the host takes note of READY. */
static void prepare_for_commands(struct timer *timer) {
    (void)timer;
    cgroups_make_ready();
}

static void boot(const struct boot *frame) {
    char why[ROOT_WHY_MAX];
    int number = 0;
    if (booted) {
        number = EALREADY;
        snprintf(why, sizeof why, "this boot has had its BOOT");
    } else if (frame->root != 0) {
        number = ENOTSUP;
        snprintf(why, sizeof why, "root mode %u is not known", frame->root);
    } else if (frame->hostname.length > 0 && !power_set_hostname(frame->hostname)) {
        number = errno;
        snprintf(why, sizeof why, "cannot set the hostname: %s", strerror(number));
    } else if (!execution_base_environment(frame->env)) {
        number = ENOMEM;
        snprintf(why, sizeof why, "no memory for the environment");
    } else if (!root_finish(why)) {
        number = errno;
    } else if (root_switched() && !spawn_hold()) {
        number = errno;
        snprintf(why, sizeof why, "cannot open /dev/null in the new root");
    }
    if (number) {
        reply_error(ERROR_BOOT, number, why);
    } else {
        hold_for_restore();
        booted = true;
        reply_ready();
        timer_set(&after_boot, now_ns(), prepare_for_commands);
    }
}

static void renew(const struct restore *frame) {
    char why[RESTORE_WHY_MAX];
    struct restored restored;
    if (!booted) reply_error(ERROR_RESTORE, EPERM, "BOOT comes before RESTORE");
    else if (!restore(frame, &restored, why)) reply_error(ERROR_RESTORE, errno, why);
    else reply_restored(frame->instance, &restored);
}

static void exec(const struct exec *frame) {
    char why[WHY_MAX];
    if (!booted) reply_failed(frame->execution, EPERM, "BOOT comes before EXEC");
    else if (!execution_start(frame, why)) reply_failed(frame->execution, (uint32_t)errno, why);
}

static void reply_forwarded(uint64_t id, uint32_t number) {
    frame_begin(&out, FORWARDED);
    put_u64(&out, id);
    put_u32(&out, number);
    frame_end(&out);
}

static void forward(uint64_t id, const uint8_t *token, uint16_t port) {
    if (port == 0) {
        forward_abandon(id);
        return;
    }
    uint32_t number = booted ? forward_start(id, token, port) : EPERM;
    if (number) reply_forwarded(id, number);
}

static void pong(uint64_t nonce) {
    frame_begin(&out, PONG);
    put_u64(&out, nonce);
    put_u64(&out, loop_ticks());
    put_u64(&out, uptime_ns());
    frame_end(&out);
}

static void obey(const struct frame *frame) {
    struct execution *x;
    switch (frame->type) {
    case BOOT:
        boot(&frame->boot);
        break;
    case SCRATCH:
    case ROOT:
    case SHARE:
    case NET:
    case TRUST:
    case INSTANCE:
        root_step(frame);
        break;
    case RESTORE:
        renew(&frame->restore);
        break;
    case EXEC:
        exec(&frame->exec);
        break;
    case SIGNAL:
        if ((x = execution_find(frame->signal.execution)))
            execution_signal(x, (int)frame->signal.number, frame->signal.group);
        break;
    case RESIZE:
        if ((x = execution_find(frame->resize.execution)))
            execution_resize(x, frame->resize.rows, frame->resize.columns);
        break;
    case PING:
        pong(frame->nonce);
        break;
    case DISCARD:
        if ((x = execution_find(frame->discard.execution))) stream_discard(&x->stream[frame->discard.stream]);
        break;
    case ATTACH:
        replay_attach(&out, &frame->attach);
        break;
    case RELEASE:
        if ((x = execution_find(frame->released))) execution_release(x);
        break;
    case FORWARD:
        forward(frame->forward.id, frame->forward.token, frame->forward.port);
        break;
    case SHUTDOWN:
        power_shutdown();
    default:
        end_with(ERROR_FRAME, "bad frame: a second HELLO");
    }
}

static void receive(const uint8_t *bytes, uint32_t length) {
    struct frame frame;
    const char *wrong = frame_decode(bytes, length, &frame);
    if (wrong) end_with(ERROR_FRAME, "bad frame of type 0x%02x: %s", bytes[0], wrong);
    else if (greeted) obey(&frame);
    else if (frame.type == HELLO) hello(frame.version);
    else end_with(ERROR_FRAME, "bad frame: HELLO comes first");
}

/* --- the connection --- */

static bool owing(void) { return greeted && (execution_owing() || forward_owing()); }

/* What is owed goes out before what is asked for next is answered: who has the answer to a frame knows of all that was announced before. */
static void take_frames(void) {
    uint32_t used = 0;
    while (!ending && room() && !owing()) {
        int32_t size = frame_complete(in + used, have - used);
        if (size < 0) end_with(ERROR_FRAME, "bad frame: its length is not 1 to %d", FRAME_MAX);
        if (size <= 0) break;
        receive(in + used + FRAME_HEADER, (uint32_t)size - FRAME_HEADER);
        used += (uint32_t)size;
    }
    have -= used;
    if (have > 0 && used > 0) memmove(in, in + used, have);
}

static void put_events(void) {
    struct execution *x;
    while (greeted && !ending && room() && (x = execution_owing())) {
        if (x->owes_started) {
            frame_begin(&out, STARTED);
            put_u64(&out, x->id);
            put_u32(&out, (uint32_t)x->pid);
            frame_end(&out);
        }
        for (int i = STDOUT; i <= STDERR; i++) replay_put_news(&out, &x->stream[i]);
        if (x->owes_end && x->end == END_NEVER_RAN) {
            reply_failed(x->id, x->value, x->why);
        } else if (x->owes_end) {
            frame_begin(&out, EXITED);
            put_u64(&out, x->id);
            put_u8(&out, (uint8_t)x->end);
            put_u32(&out, x->value);
            put_u8(&out, x->oom_killed ? EXITED_OOM_KILLED : 0);
            frame_end(&out);
        }
        execution_reported(x);
    }
    uint64_t id;
    uint32_t number;
    while (greeted && !ending && room() && forward_word(&id, &number)) reply_forwarded(id, number);
}

static void try_again(struct timer *timer) {
    (void)timer;
    loop_again(&connection);
}

/* False: nothing more goes out at the moment, or the connection is lost (and dropped). */
static bool flush(void) {
    while (out_head < out.size) {
        ssize_t sent = send(connection.fd, out.bytes + out_head, out.size - out_head, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) {
            if (connection_broke(errno)) lost();
            else if (ending) drop();
            else if (errno != EAGAIN) timer_set(&retry, now_ns() + RETRY_INTERVAL, try_again); /* no event says when */
            return false;
        }
        out_head += (uint32_t)sent;
    }
    out.size = out_head = 0;
    executions_sent();
    if (ending) drop();
    return !ending && connection.fd >= 0;
}

/* One duty cycle: answer what was received, say what is owed, send, receive. */
static void turn(struct watch *watch, uint32_t events) {
    (void)events;
    for (int round = 0; round < ROUNDS && connection.fd >= 0; round++) {
        take_frames();
        put_events();
        if (!flush()) return;
        if (frame_complete(in, have) != 0 || owing()) continue; /* there was no room */
        ssize_t got = recv(connection.fd, in + have, sizeof in - have, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            lost();
            return;
        }
        have += (uint32_t)got;
    }
    if (connection.fd >= 0) loop_again(watch);
}

static bool alive(void) {
    uint8_t byte;
    ssize_t got = recv(connection.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool control_accept(int fd) {
    /* After a restore the old one is reset and the new one dialled: both may be news of the same turn. */
    if (connection.fd >= 0 && !alive()) lost();
    if (connection.fd >= 0 || !loop_watch(&connection, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, turn)) return false;
    loop_again(&connection);
    return true;
}

void control_events_waiting(void) {
    if (connection.fd >= 0) loop_again(&connection);
}
