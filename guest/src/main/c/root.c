#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "net.h"
#include "points.h"
#include "trust.h"

#define AT_LOWER "/vmette/lower"
#define AT_POINTS "/vmette/points"
#define AT_SCRATCH "/vmette/scratch"
#define AT_ROOT "/vmette/root"
#define NAME_MAX_HERE 64
#define SHARES_MAX 64

static const char *const own[] = {"proc", "sys", "dev", "run", "tmp"};
static const char *const senders[] = {"/usr/local/bin/vsock-send", "/usr/bin/vsock-send", "/bin/vsock-send"}; /* the first that can be */
#define SENDERS (sizeof senders / sizeof *senders)

static bool lower, read_only, move, finished;
static bool scratch_disk;
static int entrance = -1; /* of the commands' root; -1: they are in it already */
static char shares[SHARES_MAX][NAME_MAX_HERE];
static uint8_t share_flags[SHARES_MAX];
static int share_count;

static bool failed(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool failed(char *why, const char *format, ...) {
    int number = errno;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(why, ROOT_WHY_MAX, format, arguments);
    va_end(arguments);
    if (size >= 0 && size < ROOT_WHY_MAX) snprintf(why + size, (size_t)(ROOT_WHY_MAX - size), ": %s", strerror(number));
    errno = number;
    return false;
}

static bool named(struct text text, char name[NAME_MAX_HERE], char *why) {
    bool dots = text.length > 0 && text.length <= 2 && memcmp(text.bytes, "..", text.length) == 0;
    if (text.length == 0 || text.length >= NAME_MAX_HERE || dots || memchr(text.bytes, '/', text.length)) {
        errno = EINVAL;
        return failed(why, "a name that no disk, tag or file system has");
    }
    memcpy(name, text.bytes, text.length);
    name[text.length] = 0;
    return true;
}

static bool early(char *why) {
    errno = EALREADY;
    return finished ? failed(why, "the root is already there") : true;
}

/* /dev/NAME of the disk with this serial (virtio 1.1, 5.2.6.1: at most 20 bytes). False: errno. */
static bool find_disk(const char *serial, char path[NAME_MAX_HERE]) {
    DIR *disks = opendir("/sys/block");
    if (!disks) return false;
    bool found = false;
    for (struct dirent *disk; !found && (disk = readdir(disks));) {
        char file[300], its[32] = {0};
        if (strlen(disk->d_name) > NAME_MAX_HERE - 10) continue;
        snprintf(file, sizeof file, "/sys/block/%s/serial", disk->d_name);
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        ssize_t got = read(fd, its, sizeof its - 1);
        close(fd);
        found = got >= 0 && strcmp(its, serial) == 0;
        if (found) snprintf(path, NAME_MAX_HERE, "/dev/%.50s", disk->d_name);
    }
    closedir(disks);
    errno = ENODEV;
    return found;
}

static bool directory(const char *path) { return mkdir(path, 0755) == 0 || errno == EEXIST; }

/* --- what is told step by step --- */

bool root_scratch(struct text serial, char why[ROOT_WHY_MAX]) {
    char name[NAME_MAX_HERE], disk[NAME_MAX_HERE];
    if (!early(why) || !named(serial, name, why)) return false;
    if (!find_disk(name, disk)) return failed(why, "cannot find the scratch disk %s (the kernel needs virtio_blk)", name);
    if (!directory(AT_SCRATCH) || mount(disk, AT_SCRATCH, "ext4", MS_NODEV | MS_NOATIME, "") < 0) {
        return failed(why, "cannot mount the scratch disk %s (the kernel needs ext4)", name);
    }
    scratch_disk = true;
    return true;
}

bool root_lower(const struct root *root, char why[ROOT_WHY_MAX]) {
    char kind[NAME_MAX_HERE], name[NAME_MAX_HERE], disk[NAME_MAX_HERE];
    if (!early(why) || !named(root->type, kind, why) || !named(root->source, name, why)) return false;
    errno = EALREADY;
    if (lower) return failed(why, "there is a root already");
    bool directory_of_host = strcmp(kind, "virtiofs") == 0;
    if (!directory_of_host && !find_disk(name, disk)) {
        return failed(why, "cannot find the disk %s of the root (the kernel needs virtio_blk)", name);
    }
    if (!directory(AT_LOWER) || mount(directory_of_host ? name : disk, AT_LOWER, kind, MS_RDONLY, "") < 0) {
        return failed(why, "cannot mount the root (the kernel needs %s)", kind);
    }
    lower = true;
    read_only = root->flags & ROOT_READ_ONLY;
    move = root->flags & ROOT_SWITCH;
    return true;
}

bool root_share(uint8_t flags, struct text tag, char why[ROOT_WHY_MAX]) {
    if (!early(why)) return false;
    errno = EMFILE;
    if (share_count == SHARES_MAX) return failed(why, "more than %d shares", SHARES_MAX);
    if (!named(tag, shares[share_count], why)) return false;
    share_flags[share_count++] = flags;
    return true;
}

bool root_trust(struct list certificates, char why[ROOT_WHY_MAX]) {
    return early(why) && (trust_add(certificates) || failed(why, "cannot keep the certificates (at most %d in %d bytes)", TRUST_COUNT, TRUST_SIZE));
}

/* --- the end --- */

/* Scratch: in memory unless there is a disk. */
static bool scratch_ready(void) {
    if (!scratch_disk && (!directory(AT_SCRATCH) || mount("tmpfs", AT_SCRATCH, "tmpfs", MS_NODEV, "mode=0755") < 0)) return false;
    return directory(AT_SCRATCH "/upper") && directory(AT_SCRATCH "/work") && directory(AT_SCRATCH "/tmp") &&
           chmod(AT_SCRATCH "/tmp", 01777) == 0;
}

/* The agent's own file, which is vsock-send under that name. Not there at the end: commands do without. */
static void offer_vsock_send(void) {
    struct stat status;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    void *bytes = fd >= 0 && fstat(fd, &status) == 0 ? malloc((size_t)status.st_size) : NULL;
    ssize_t got = bytes ? read(fd, bytes, (size_t)status.st_size) : -1;
    if (got > 0 && got == status.st_size) {
        bool put = false;
        for (size_t i = 0; !put && i < SENDERS; i++) put = points_file(senders[i] + 1, bytes, (size_t)got, 0755, i == 0);
    }
    free(bytes);
    if (fd >= 0) close(fd);
}

static bool fill_points(char *why) {
    struct stat above;
    if (!directory(AT_POINTS)) return failed(why, "cannot make " AT_POINTS);
    int points = open(AT_POINTS, O_PATH | O_DIRECTORY | O_CLOEXEC), below = open(AT_LOWER, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool fine = points >= 0 && below >= 0;
    points_begin(points, below);
    /* The merged root looks as its topmost layer does. */
    fine = fine && fstatat(below, "", &above, AT_EMPTY_PATH) == 0 && chown(AT_POINTS, above.st_uid, above.st_gid) == 0 &&
           chmod(AT_POINTS, above.st_mode & 07777) == 0;
    for (size_t i = 0; fine && i < sizeof own / sizeof *own; i++) fine = points_directory(own[i], strcmp(own[i], "tmp") ? 0755 : 01777);
    fine = fine && (share_count == 0 || points_directory("mnt", 0755));
    if (fine && points_lower_size("etc/hosts") <= 0) {
        char hosts[256], host[65] = {0};
        gethostname(host, sizeof host - 1);
        int size = snprintf(hosts, sizeof hosts, "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n", host);
        points_file("etc/hosts", hosts, (size_t)size, 0644, true);
    }
    const char *resolver = net_resolver();
    if (fine && *resolver) points_file("etc/resolv.conf", resolver, strlen(resolver), 0644, true);
    if (fine) offer_vsock_send();
    else failed(why, "cannot prepare the root's mount points");
    fine = fine && trust_place(why, ROOT_WHY_MAX);
    int number = errno;
    if (points >= 0) close(points);
    if (below >= 0) close(below);
    errno = number;
    return fine;
}

static bool assemble(char *why) {
    const char *options = read_only ? "lowerdir=" AT_POINTS ":" AT_LOWER
                                    : "lowerdir=" AT_POINTS ":" AT_LOWER ",upperdir=" AT_SCRATCH "/upper,workdir=" AT_SCRATCH "/work";
    struct stat merged;
    if (stat(AT_POINTS, &merged) < 0) return failed(why, "cannot look at " AT_POINTS);
    if (!read_only && (chown(AT_SCRATCH "/upper", merged.st_uid, merged.st_gid) < 0 || chmod(AT_SCRATCH "/upper", merged.st_mode & 07777) < 0)) {
        return failed(why, "cannot prepare the scratch");
    }
    if (!directory(AT_ROOT) || mount("overlay", AT_ROOT, "overlay", read_only ? MS_RDONLY : 0, options) < 0) {
        return failed(why, "cannot put the root together (the kernel needs overlay)");
    }
    if (mount("proc", AT_ROOT "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
        mount("sysfs", AT_ROOT "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
        /* The very same instance, so that a terminal opened by the agent has a name there. */
        mount("/dev", AT_ROOT "/dev", NULL, MS_BIND | MS_REC, NULL) < 0 ||
        mount("tmpfs", AT_ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0) {
        return failed(why, "cannot mount the guest's own file systems in the root");
    }
    return true;
}

/* With the root's /mnt, or that of the initramfs. */
static bool mount_shares(const char *mnt, char *why) {
    if (share_count == 0) return true;
    if (!directory(mnt) || mount("tmpfs", mnt, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") < 0) {
        return failed(why, "cannot prepare %s for the shares", mnt);
    }
    for (int i = 0; i < share_count; i++) {
        char at[NAME_MAX_HERE + 32];
        unsigned long flags = MS_NOSUID | MS_NODEV | (share_flags[i] & SHARE_READ_ONLY ? MS_RDONLY : 0);
        snprintf(at, sizeof at, "%.31s/%.*s", mnt, NAME_MAX_HERE - 1, shares[i]);
        if (!directory(at) || mount(shares[i], at, "virtiofs", flags, "") < 0) {
            return failed(why, "cannot mount the share %s (the kernel needs virtiofs)", shares[i]);
        }
    }
    return true;
}

/* The certificates go into the initramfs itself. */
static bool trust_initramfs(char *why) {
    int points = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), below = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    points_begin(points, below);
    bool fine = points >= 0 && below >= 0 && trust_place(why, ROOT_WHY_MAX);
    int number = errno;
    if (points >= 0) close(points);
    if (below >= 0) close(below);
    errno = number;
    return fine;
}

static bool in_initramfs(char *why) {
    char self[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    for (size_t i = 0; length > 0 && i < SENDERS; i++) {
        self[length] = 0;
        if (symlink(self, senders[i]) == 0) break;
    }
    int fd = *net_resolver() ? open("/etc/resolv.conf", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd >= 0 && write(fd, net_resolver(), strlen(net_resolver())) < 0) console_say("cannot write /etc/resolv.conf: %s", strerror(errno));
    if (fd >= 0) close(fd);
    if (scratch_disk) {
        if (!scratch_ready() || mount(AT_SCRATCH "/tmp", "/tmp", NULL, MS_BIND, NULL) < 0) return failed(why, "cannot prepare the scratch");
    }
    return trust_initramfs(why) && mount_shares("/mnt", why);
}

bool root_finish(char why[ROOT_WHY_MAX]) {
    if (!early(why)) return false;
    finished = true;
    if (!lower) return in_initramfs(why);
    if (!scratch_ready()) return failed(why, "cannot prepare the scratch");
    if (!fill_points(why) || !assemble(why)) return false;
    if (mount(AT_SCRATCH "/tmp", AT_ROOT "/tmp", NULL, MS_BIND, NULL) < 0) return failed(why, "cannot mount /tmp");
    if (!mount_shares(AT_ROOT "/mnt", why)) return false;
    if (!move) {
        entrance = open(AT_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return entrance >= 0 || failed(why, "cannot open the root");
    }
    if (chdir(AT_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) {
        return failed(why, "cannot switch to the root");
    }
    return true;
}

int root_run(void) {
    return openat(entrance >= 0 ? entrance : AT_FDCWD, entrance >= 0 ? "run" : "/run", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool root_enter(void) { return entrance < 0 || (fchdir(entrance) == 0 && chroot(".") == 0); }

bool root_switched(void) { return finished && lower && move; }
