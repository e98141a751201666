#include "find_java.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST = 17, WHY = 512 };

static const char OWN[] = "VMETTE_JAVA_HOME";

static void value_of(const char *line, const char *key, char *to, size_t size) {
    size_t length = strlen(key);
    if (strncmp(line, key, length) == 0 && line[length] == '=') {
        line += length + 1;
        line += *line == '"';
        snprintf(to, size, "%.*s", (int)strcspn(line, "\"\n"), line);
    }
}

/* Reads the file `release` that every JDK has since 9. */
static bool read_java(const char *place, struct java *java) {
    char path[PATH_MAX + 32], line[1024], number[128] = "";
    java->major = 0;
    java->version[0] = 0;
    if (place[0] == 0 || realpath(place, java->home) == NULL) {
        return false;
    }
    snprintf(path, sizeof path, "%s/release", java->home);
    FILE *release = fopen(path, "re");
    if (release == NULL) {
        return false;
    }
    while (fgets(line, sizeof line, release) != NULL) {
        value_of(line, "JAVA_VERSION", number, sizeof number);
        value_of(line, "JAVA_RUNTIME_VERSION", java->version, sizeof java->version);
    }
    fclose(release);
    java->major = atoi(number);
    snprintf(path, sizeof path, "%s/lib/server/libjvm.so", java->home);
    return java->major >= LEAST && access(path, R_OK) == 0;
}

static bool is_program(const char *path) {
    struct stat found;
    return access(path, X_OK) == 0 && stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

static bool on_path(struct java *found) {
    const char *path = secure_getenv("PATH");
    while (path != NULL && *path != 0) {
        size_t length = strcspn(path, ":");
        char program[PATH_MAX], real[PATH_MAX];
        int wrote = snprintf(program, sizeof program, "%.*s/java", (int)length, path);
        if (length > 0 && wrote < (int)sizeof program && is_program(program)) {
            static const char suffix[] = "/bin/java";
            size_t all = realpath(program, real) == NULL ? 0 : strlen(real);
            size_t home = all < strlen(suffix) ? 0 : all - strlen(suffix);
            /* The first one only, as a shell would have it. */
            if (home == 0 || strcmp(real + home, suffix) != 0) {
                return false;
            }
            real[home] = 0;
            return read_java(real, found);
        }
        path += length;
        path += *path == ':';
    }
    return false;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool installed(struct java *found) {
    struct dirent **names;
    bool got = false;
    int count = scandir("/usr/lib/jvm", &names, is_shown, alphasort);
    for (int i = 0; i < count; i++) {
        char place[sizeof names[i]->d_name + 16];
        snprintf(place, sizeof place, "/usr/lib/jvm/%s", names[i]->d_name);
        got = got || read_java(place, found);
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    return got;
}

bool find_java(struct java *found, char *why) {
    const char *own = secure_getenv(OWN);
    if (own != NULL && own[0] != 0) {
        if (read_java(own, found)) {
            return true;
        }
        if (found->major > 0 && found->major < LEAST) {
            snprintf(why, WHY, "%s = %.300s is Java %d: %d or later is needed", OWN, own, found->major, LEAST);
        } else {
            snprintf(why, WHY, "%s = %.300s is no Java runtime of %d or later: it has no release or lib/server/libjvm.so", OWN, own, LEAST);
        }
        return false;
    }
    const char *usual = secure_getenv("JAVA_HOME");
    if ((usual != NULL && read_java(usual, found)) || on_path(found) || installed(found)) {
        return true;
    }
    snprintf(why, WHY, "no Java runtime of %d or later by JAVA_HOME, PATH or in /usr/lib/jvm: install one (Debian: default-jre-headless) or set %s",
             LEAST, OWN);
    return false;
}
