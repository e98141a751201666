/* Certificates put over roots of every kind, those among them that mean harm. */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "check.h"
#include "console.h"
#include "points.h"

#define ONE "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n"
#define TWO "-----BEGIN CERTIFICATE-----\ndHdv\n-----END CERTIFICATE-----\n"
#define DEBIAN "etc/ssl/certs/ca-certificates.crt"
#define FEDORA "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"

const char *test_name;

static char said[4096], why[300];
static char place[] = "/tmp/vmette-trust-XXXXXX";
static int points = -1, lower = -1;

void console_say(const char *format, ...) {
    size_t length = strlen(said);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said + length, sizeof said - length, format, arguments);
    va_end(arguments);
    strncat(said, "\n", sizeof said - strlen(said) - 1);
}

/* --- a root --- */

static void remove_all(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s/*", place);
    check_equal(system(command), 0);
}

static void begin(void) {
    if (points >= 0) close(points);
    if (lower >= 0) close(lower);
    remove_all();
    check(chdir(place) == 0 && mkdir("lower", 0755) == 0 && mkdir("points", 0755) == 0 && mkdir("outside", 0755) == 0);
    points = open("points", O_PATH | O_DIRECTORY | O_CLOEXEC);
    lower = open("lower", O_PATH | O_DIRECTORY | O_CLOEXEC);
    points_begin(points, lower);
    said[0] = why[0] = 0;
}

static void make_parents(const char *path) {
    char name[256];
    snprintf(name, sizeof name, "%s", path);
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        check(mkdirat(lower, name, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void has(const char *path, const char *content) {
    make_parents(path);
    int fd = openat(lower, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    check(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
}

static void has_directory(const char *path) {
    make_parents(path);
    check(mkdirat(lower, path, 0755) == 0);
}

static void has_link(const char *path, const char *target) {
    make_parents(path);
    check(symlinkat(target, lower, path) == 0);
}

static void keep(const char *certificate) {
    uint8_t bytes[256];
    struct writer w = {.bytes = bytes};
    put_text(&w, certificate);
    check(trust_add((struct list){.bytes = bytes, .size = w.size, .count = 1}));
}

static bool placed(void) {
    keep(ONE);
    keep(TWO);
    return trust_place(why, sizeof why);
}

/* What the layer has there; links are followed in it by nobody. */
static const char *in_layer(const char *path) {
    static char content[8192];
    int fd = openat(points, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return NULL;
    ssize_t got = read(fd, content, sizeof content - 1);
    close(fd);
    check(got >= 0);
    content[got] = 0;
    return content;
}

static void holds(const char *path, const char *content) {
    const char *is = in_layer(path);
    check_says(is && strcmp(is, content) == 0, "%s holds %s", path, is ? is : "nothing");
}

static void leads(const char *path, const char *target) {
    char is[256] = {0};
    check(readlinkat(points, path, is, sizeof is - 1) > 0);
    check_says(strcmp(is, target) == 0, "%s leads to %s", path, is);
}

static bool layer_has(const char *path) { return faccessat(points, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

/* --- ordinary roots --- */

static void without_certificates_nothing_is_made(void) {
    begin();
    check(trust_place(why, sizeof why));
    check(!layer_has("etc"));
}

static void a_root_without_a_bundle_gets_one(void) {
    begin();
    check(placed());
    holds(DEBIAN, ONE TWO);
    leads("etc/ssl/cert.pem", "/" DEBIAN);
    check(!layer_has("usr") && !*said);
}

static void debians_bundle_keeps_what_it_has(void) {
    begin();
    has("etc/debian_version", "12.11\n");
    has(DEBIAN, "# old"); /* whose last line has no end */
    has_link("usr/lib/ssl/cert.pem", "/" DEBIAN);
    check(fchmodat(lower, "etc/ssl", 0711, 0) == 0);
    check(placed());
    holds(DEBIAN, "# old\n" ONE TWO);
    holds("usr/local/share/ca-certificates/vmette-1.crt", ONE);
    holds("usr/local/share/ca-certificates/vmette-2.crt", TWO);
    check(!layer_has("usr/lib") && !*said);
    struct stat status;
    check(fstatat(points, "etc/ssl", &status, 0) == 0 && (status.st_mode & 07777) == 0711);
    check(fstatat(points, DEBIAN, &status, 0) == 0 && (status.st_mode & 07777) == 0644);
    int fd = openat(lower, DEBIAN, O_RDONLY | O_CLOEXEC);
    char bytes[16];
    check_equal(read(fd, bytes, sizeof bytes), 5); /* the root itself is as it was */
    close(fd);
}

static void debian_without_openssl_gets_the_file_that_it_reads(void) {
    begin();
    has("etc/debian_version", "11\n");
    has(DEBIAN, "");
    check(placed());
    holds(DEBIAN, ONE TWO);
    leads("usr/lib/ssl/cert.pem", "/" DEBIAN);
}

static void alpines_link_leads_to_its_bundle(void) {
    begin();
    has("etc/alpine-release", "3.20\n");
    has(DEBIAN, "# old\n");
    has_link("etc/ssl/cert.pem", "certs/ca-certificates.crt");
    check(placed());
    holds(DEBIAN, "# old\n" ONE TWO);
    holds("usr/local/share/ca-certificates/vmette-2.crt", TWO);
    check(!layer_has("etc/ssl/cert.pem"));
}

static void fedoras_links_lead_to_its_bundle(void) {
    begin();
    has(FEDORA, "# old\n");
    has_directory("etc/pki/ca-trust/source");
    has_directory("etc/pki/ca-trust/source/anchors");
    has_link("etc/pki/tls/certs/ca-bundle.crt", "/" FEDORA);
    has_link("etc/ssl/certs", "../pki/tls/certs");
    has_link("etc/pki/tls/certs/ca-certificates.crt", "/etc/ssl/certs/ca-bundle.crt");
    check(placed());
    holds(FEDORA, "# old\n" ONE TWO);
    holds("etc/pki/ca-trust/source/anchors/vmette-1.crt", ONE);
    check(!layer_has("etc/pki/tls") && !layer_has("etc/ssl/certs") && !*said);
    leads("etc/ssl/cert.pem", "/" FEDORA);
}

static void a_linked_directory_without_a_bundle_gets_one(void) {
    begin();
    has_directory("etc/pki");
    has_directory("etc/pki/certs");
    has_link("etc/ssl/certs", "/etc/pki/certs");
    check(placed());
    holds("etc/pki/certs/ca-certificates.crt", ONE TWO);
    leads("etc/ssl/cert.pem", "/etc/pki/certs/ca-certificates.crt");
}

static void suses_bundle_and_others_are_all_appended_to(void) {
    begin();
    has("var/lib/ca-certificates/ca-bundle.pem", "# suse\n");
    has_link("etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem");
    has("etc/ssl/cert.pem", "# own\n");
    has_directory("etc/pki");
    has_directory("etc/pki/trust");
    has_directory("etc/pki/trust/anchors");
    check(placed());
    holds("var/lib/ca-certificates/ca-bundle.pem", "# suse\n" ONE TWO);
    holds("etc/ssl/cert.pem", "# own\n" ONE TWO);
    holds("etc/pki/trust/anchors/vmette-2.crt", TWO);
    check(!layer_has(DEBIAN));
}

/* --- the initramfs, which is layer and lower in one --- */

static void a_tree_itself_takes_them_too(void) {
    begin();
    has(DEBIAN, "# old\n");
    has_link("etc/ssl/cert.pem", "certs/ca-certificates.crt");
    points_begin(lower, lower);
    check(placed());
    int layer = points;
    points = lower;
    holds(DEBIAN, "# old\n" ONE TWO);
    leads("etc/ssl/cert.pem", "certs/ca-certificates.crt");
    points = layer;
}

static void a_fifo_in_the_tree_itself_is_not_waited_for(void) {
    begin();
    make_parents(DEBIAN);
    check(mkfifoat(lower, DEBIAN, 0644) == 0);
    points_begin(lower, lower);
    check(!placed());
    check(strstr(why, "anywhere") != NULL);
}

/* --- roots that mean harm --- */

static void what_is_no_file_is_neither_opened_nor_copied(void) {
    begin();
    make_parents(DEBIAN);
    check(mkfifoat(lower, DEBIAN, 0644) == 0);
    has_directory("etc/ssl/cert.pem");
    has_link("etc/ssl/ca-bundle.pem", "ca-bundle.pem");
    make_parents("usr/lib/ssl/cert.pem");
    bool device = mknodat(lower, "usr/lib/ssl/cert.pem", S_IFCHR | 0666, makedev(1, 5)) == 0; /* /dev/zero, if we may */
    check(placed());
    holds(DEBIAN, ONE TWO);
    check(strstr(said, "/" DEBIAN ": ") && strstr(said, "/etc/ssl/cert.pem: ") && strstr(said, "/etc/ssl/ca-bundle.pem: "));
    check(!device || strstr(said, "/usr/lib/ssl/cert.pem: "));
}

static void links_do_not_lead_out_of_the_root(void) {
    begin();
    int fd = open("outside/secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    check(fd >= 0 && write(fd, "secret", 6) == 6);
    close(fd);
    char out[128];
    snprintf(out, sizeof out, "%s/outside/secret", place);
    has_link(DEBIAN, "../../../../outside/secret");
    has_link("etc/ssl/cert.pem", out);
    has_link("etc/pki/tls/certs", "../../../../outside");
    has_link("usr/local", "../../outside");
    has("etc/debian_version", "12\n");
    check(placed());
    holds(DEBIAN, ONE TWO);
    fd = open("outside/secret", O_RDONLY | O_CLOEXEC);
    char bytes[16];
    check_equal(read(fd, bytes, sizeof bytes), 6);
    close(fd);
    check(access("outside/share", F_OK) < 0);
    check(strstr(said, "/usr/local/share/ca-certificates: Not a directory") != NULL);
}

static void a_bundle_is_read_up_to_its_bound(void) {
    begin();
    has("etc/ssl/ca-bundle.pem", "# small\n");
    has(DEBIAN, "");
    int fd = openat(lower, DEBIAN, O_WRONLY | O_CLOEXEC);
    check(ftruncate(fd, 1ll << 40) == 0);
    close(fd);
    check(placed());
    holds("etc/ssl/ca-bundle.pem", "# small\n" ONE TWO);
    check(!layer_has(DEBIAN) && strstr(said, "/" DEBIAN ": File too large"));
}

static void a_bundle_that_is_just_not_too_large_is_taken(void) {
    begin();
    has(DEBIAN, "");
    int fd = openat(lower, DEBIAN, O_WRONLY | O_CLOEXEC);
    check(ftruncate(fd, 4 << 20) == 0);
    close(fd);
    check(placed());
    struct stat status;
    check(fstatat(points, DEBIAN, &status, 0) == 0);
    check_equal(status.st_size, (4 << 20) + 1 + strlen(ONE TWO));
}

static void no_place_at_all_is_an_error_and_the_old_bundle_stays(void) {
    begin();
    has(DEBIAN, "");
    int fd = openat(lower, DEBIAN, O_WRONLY | O_CLOEXEC);
    check(ftruncate(fd, (4 << 20) + 1) == 0);
    close(fd);
    check(!placed());
    check(strcmp(why, "cannot put the certificates anywhere in the root: File too large") == 0);
    check(!layer_has(DEBIAN));
    begin();
    has("etc", "a file\n");
    check(!placed());
    check(strstr(why, "Not a directory") != NULL);
}

static void no_more_are_kept_than_the_bounds_allow(void) {
    static uint8_t bytes[TRUST_SIZE + 1];
    check(trust_add((struct list){.bytes = bytes, .size = TRUST_SIZE - 4, .count = 1}));
    check(!trust_add((struct list){.bytes = bytes, .size = 8, .count = 2}) && errno == E2BIG);
    check(!trust_add((struct list){.bytes = bytes, .size = 4, .count = TRUST_COUNT}) && errno == E2BIG);
    check(trust_add((struct list){.bytes = bytes, .size = 4, .count = TRUST_COUNT - 1}));
    check(!trust_add((struct list){.bytes = bytes, .size = 0, .count = 1}) && errno == E2BIG);
}

int main(void) {
    check(mkdtemp(place) != NULL);
    umask(022);
    run(without_certificates_nothing_is_made);
    run(a_root_without_a_bundle_gets_one);
    run(debians_bundle_keeps_what_it_has);
    run(debian_without_openssl_gets_the_file_that_it_reads);
    run(alpines_link_leads_to_its_bundle);
    run(fedoras_links_lead_to_its_bundle);
    run(a_linked_directory_without_a_bundle_gets_one);
    run(suses_bundle_and_others_are_all_appended_to);
    run(a_tree_itself_takes_them_too);
    run(a_fifo_in_the_tree_itself_is_not_waited_for);
    run(what_is_no_file_is_neither_opened_nor_copied);
    run(links_do_not_lead_out_of_the_root);
    run(a_bundle_is_read_up_to_its_bound);
    run(a_bundle_that_is_just_not_too_large_is_taken);
    run(no_place_at_all_is_an_error_and_the_old_bundle_stays);
    remove_all();
    check(chdir("/") == 0 && rmdir(place) == 0);
    run(no_more_are_kept_than_the_bounds_allow); /* and nobody takes them */
    return 0;
}
