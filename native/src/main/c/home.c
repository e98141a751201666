#include "home.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WHY = 512 };

static char directory[PATH_MAX]; /* of the library */

/* As it is loaded: the path may be relative, and in another working directory name what somebody else has put there. */
__attribute__((constructor)) static void find_directory(void) {
    /* By a function that is not exported: the address of one that is may be in the program. */
    Dl_info self;
    if (dladdr((void *)home_find, &self) == 0 || realpath(self.dli_fname, directory) == NULL) {
        directory[0] = 0;
        return;
    }
    *strrchr(directory, '/') = 0;
}

bool home_find(char home[PATH_MAX], char *why) {
    char wanted[PATH_MAX + 16];
    if (directory[0] != '/') {
        snprintf(why, WHY, "the place of libvmette.so could not be told when it was loaded: was it removed?");
        return false;
    }
    snprintf(wanted, sizeof wanted, "%s/vmette/lib", directory);
    if (access(wanted, X_OK) != 0) {
        snprintf(wanted, sizeof wanted, "%s/lib", directory);
    }
    if (access(wanted, X_OK) != 0 || realpath(wanted, home) == NULL) {
        snprintf(why, WHY, "the jars of libvmette.so are not at %.350s/vmette/lib: vmette install puts them there", directory);
        return false;
    }
    *strrchr(home, '/') = 0;
    if (strchr(home, ':') != NULL) {
        snprintf(why, WHY, "Java cannot load classes from a path with a colon in it: %.400s", home);
        return false;
    }
    return true;
}

/* strcmp's order, whatever the locale: an archive of classes is bound to it. */
static int by_bytes(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int is_jar(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".jar") == 0;
}

/* Not by glob(3): glibc's frees twice where it has no memory. */
char *home_class_path(const char *home) {
    struct dirent **found;
    char lib[PATH_MAX + 16];
    snprintf(lib, sizeof lib, "%s/lib", home);
    errno = 0;
    int count = scandir(lib, &found, is_jar, by_bytes);
    if (count < 0) {
        return NULL;
    }
    size_t length = 1;
    for (int i = 0; i < count; i++) {
        length += strlen(lib) + strlen(found[i]->d_name) + 2;
    }
    char *list = count == 0 ? NULL : malloc(length);
    char *at = list;
    for (int i = 0; i < count; i++) {
        if (list != NULL) {
            at += sprintf(at, "%s/%s:", lib, found[i]->d_name);
        }
        free(found[i]);
    }
    free(found);
    if (list != NULL) {
        at[-1] = 0;
    }
    return list;
}

/* new URLClassLoader(urls, ClassLoader.getPlatformClassLoader()).loadClass(name): none of the program's own classes get in between. */
static jclass load(JNIEnv *env, char *list) {
    jclass file = (*env)->FindClass(env, "java/io/File");
    jclass uri = file == NULL ? NULL : (*env)->FindClass(env, "java/net/URI");
    jclass url = uri == NULL ? NULL : (*env)->FindClass(env, "java/net/URL");
    jclass loader = url == NULL ? NULL : (*env)->FindClass(env, "java/lang/ClassLoader");
    jclass loading = loader == NULL ? NULL : (*env)->FindClass(env, "java/net/URLClassLoader");
    if (loading == NULL) {
        return NULL;
    }
    jmethodID new_file = (*env)->GetMethodID(env, file, "<init>", "(Ljava/lang/String;)V");
    jmethodID to_uri = (*env)->GetMethodID(env, file, "toURI", "()Ljava/net/URI;");
    jmethodID to_url = (*env)->GetMethodID(env, uri, "toURL", "()Ljava/net/URL;");
    jmethodID platform = (*env)->GetStaticMethodID(env, loader, "getPlatformClassLoader", "()Ljava/lang/ClassLoader;");
    jmethodID new_loader = (*env)->GetMethodID(env, loading, "<init>", "([Ljava/net/URL;Ljava/lang/ClassLoader;)V");
    jmethodID load_class = (*env)->GetMethodID(env, loader, "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;");
    jsize count = 1;
    for (char *c = list; *c != 0; c++) {
        count += *c == ':';
    }
    jobjectArray urls = (*env)->NewObjectArray(env, count, url, NULL);
    char *rest = NULL;
    jsize index = 0;
    for (char *jar = strtok_r(list, ":", &rest); urls != NULL && jar != NULL; jar = strtok_r(NULL, ":", &rest)) {
        if ((*env)->PushLocalFrame(env, 8) != 0) {
            return NULL;
        }
        jstring name = (*env)->NewStringUTF(env, jar);
        jobject made = name == NULL ? NULL : (*env)->NewObject(env, file, new_file, name);
        jobject as_uri = made == NULL ? NULL : (*env)->CallObjectMethod(env, made, to_uri);
        jobject as_url = as_uri == NULL ? NULL : (*env)->CallObjectMethod(env, as_uri, to_url);
        if (as_url != NULL) {
            (*env)->SetObjectArrayElement(env, urls, index++, as_url);
        }
        (*env)->PopLocalFrame(env, NULL);
        if (as_url == NULL) {
            return NULL;
        }
    }
    jobject parent = urls == NULL ? NULL : (*env)->CallStaticObjectMethod(env, loader, platform);
    jobject ours = parent == NULL ? NULL : (*env)->NewObject(env, loading, new_loader, urls, parent);
    jstring name = ours == NULL ? NULL : (*env)->NewStringUTF(env, "vmette.capi.Entry");
    return name == NULL ? NULL : (*env)->CallObjectMethod(env, ours, load_class, name);
}

jclass home_load(JNIEnv *env, char *why) {
    char home[PATH_MAX];
    if (!home_find(home, why)) {
        return NULL;
    }
    char *list = home_class_path(home);
    if (list == NULL) {
        snprintf(why, WHY, "there is no jar to be found in %.350s/lib%s%s", home, errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
        return NULL;
    }
    jclass type = load(env, list);
    free(list);
    return type;
}
