#include "options.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"

static bool add(struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool append(struct options *options, char *text, void *hook) {
    if (options->count == options->capacity) {
        size_t capacity = options->capacity == 0 ? 64 : 2 * options->capacity;
        JavaVMOption *list = realloc(options->list, capacity * sizeof *list);
        if (list == NULL) {
            return false;
        }
        options->list = list;
        options->capacity = capacity;
    }
    options->list[options->count++] = (JavaVMOption){.optionString = text, .extraInfo = hook};
    return true;
}

static bool add(struct options *options, const char *format, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length >= 0 && append(options, text, NULL)) {
        return true;
    }
    free(length < 0 ? NULL : text);
    return false;
}

static bool add_hook(struct options *options, const char *name, void *hook) {
    char *text = strdup(name);
    if (text != NULL && append(options, text, hook)) {
        return true;
    }
    free(text);
    return false;
}

/* Fixed ones: a quiet guest in somebody else's process. */
static const char *const FIXED[] = {
    "-Xrs",                         /* no handlers for HUP, INT, TERM and QUIT */
    "-XX:+DisableAttachMechanism",  /* which would need QUIT */
    "-XX:-MaxFDLimit",              /* leave the limit of descriptors */
    "-XX:-UsePerfData",             /* no file in /tmp */
    "-XX:+DisplayVMOutputToStderr", /* standard output is the guest's */
    "-Xlog:disable",
    "-Xshare:auto",
    "-XX:TieredStopAtLevel=1", /* as the launcher has them for a single run, and its archive of classes */
    "-XX:+UseSerialGC",
    "-XX:TLABSize=128k",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:ArchiveRelocationMode=0",
    "-Dfile.encoding=UTF-8", /* whatever the locale */
    "-Dsun.jnu.encoding=UTF-8",
    "-Dakka.daemonic=true", /* tells the Java side that the JVM is ours, too */
    "-Djna.nosys=true",
    "-Djna.nounpack=true",
    "-Dorg.slf4j.simpleLogger.log.akka.io.TcpListener=off",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
};

/* Ours only: who writes an archive decides what runs. */
static bool is_own_file(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && (found.st_uid == geteuid() || found.st_uid == 0);
}

/* That of an installation, or else what the launcher has made for these jars, at its place. A JVM that it does not fit ignores it. */
static bool add_archive(struct options *options, const char *home, const struct java *java) {
    char path[2 * PATH_MAX + 512], digest[128] = "";
    const char *off = secure_getenv("VMETTE_CDS"), *cache = secure_getenv("XDG_CACHE_HOME"), *user = secure_getenv("HOME");
    if (off != NULL && strcmp(off, "off") == 0) {
        return true;
    }
    snprintf(path, sizeof path, "%s/classes.jsa", home);
    if (!is_own_file(path)) {
        snprintf(path, sizeof path, "%s/digest", home);
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            if (fgets(digest, sizeof digest, file) != NULL) {
                digest[strcspn(digest, "\n")] = 0;
            }
            fclose(file);
        }
        bool own = cache != NULL && cache[0] != 0;
        if (digest[0] == 0 || strchr(digest, '/') != NULL || (!own && user == NULL)) {
            return true;
        }
        snprintf(path, sizeof path, "%s%s/vmette/cds/%s%s/%s.jsa", own ? cache : user, own ? "" : "/.cache", digest, java->home,
                 java->version);
    }
    return !is_own_file(path) || add(options, "-XX:SharedArchiveFile=%s", path);
}

static const char BLANKS[] = " \t\n";

static bool add_users(struct options *options) {
    const char *given = secure_getenv("VMETTE_JAVA_OPTS");
    while (given != NULL && *given != 0) {
        size_t length = strcspn(given, BLANKS);
        /* A word that is no option may be the name of one of our hooks: with a blank before it, it is what Java says it does not know. */
        if (length > 0 && !add(options, "%s%.*s", *given == '-' ? "" : " ", (int)length, given)) {
            return false;
        }
        given += length;
        given += strspn(given, BLANKS);
    }
    return true;
}

static bool fill(struct options *options, const char *home, const struct java *java) {
    const char *user = secure_getenv("HOME"), *log = secure_getenv("VMETTE_LOG");
    for (size_t i = 0; i < sizeof FIXED / sizeof FIXED[0]; i++) {
        if (!add(options, "%s", FIXED[i])) {
            return false;
        }
    }
    char *jars = home_class_path(home);
    bool good = add(options, "-Djava.class.path=%s", jars == NULL ? "" : jars) &&
                add(options, "-Djna.boot.library.path=%s/native", home) &&
                add(options, "-Djna.platform.library.path=%s/native", home) &&
                add(options, "-DZstdNativePath=%s/native/libzstd-jni.so", home) &&
                add(options, "-Dorg.slf4j.simpleLogger.defaultLogLevel=%s", log == NULL || *log == 0 ? "warn" : log) &&
                (user == NULL || add(options, "-Duser.home=%s", user)) &&
                (java->major < 24 || (add(options, "--enable-native-access=ALL-UNNAMED") &&
                                      add(options, "--sun-misc-unsafe-memory-access=allow"))) &&
                add_archive(options, home, java) && add_users(options);
    free(jars);
    return good;
}

struct options *options_make(const char *home, const struct java *java, void (*on_exit)(jint), void (*on_abort)(void)) {
    struct options *options = calloc(1, sizeof *options);
    if (options == NULL) {
        return NULL;
    }
    if (!add_hook(options, "exit", (void *)on_exit) || !add_hook(options, "abort", (void *)on_abort) || !fill(options, home, java)) {
        options_free(options);
        return NULL;
    }
    return options;
}

void options_free(struct options *options) {
    if (options != NULL) {
        for (size_t i = 0; i < options->count; i++) {
            free(options->list[i].optionString);
        }
        free(options->list);
        free(options);
    }
}
