/* `loaded LIBRARY`: opens it, uses it and closes it, twice. A line on descriptor 3 for each run. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <vmette.h>

static void *find(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(99);
    }
    return found;
}

/* With no processor it is refused, by Java. */
static void use(const char *path, int processors) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(99);
    }
    __typeof__(vmette_config_new) *make = find(library, "vmette_config_new");
    __typeof__(vmette_config_free) *discard = find(library, "vmette_config_free");
    __typeof__(vmette_config_set_exec) *set_exec = find(library, "vmette_config_set_exec");
    __typeof__(vmette_config_set_mem_mib) *set_memory = find(library, "vmette_config_set_mem_mib");
    __typeof__(vmette_config_set_vcpus) *set_processors = find(library, "vmette_config_set_vcpus");
    __typeof__(vmette_run) *run = find(library, "vmette_run");
    __typeof__(vmette_run_output_exit_code) *code = find(library, "vmette_run_output_exit_code");
    __typeof__(vmette_run_output_free) *discard_output = find(library, "vmette_run_output_free");
    vmette_config_t *cfg = make("", "");
    set_memory(cfg, 128);
    set_exec(cfg, "exit 4");
    set_processors(cfg, processors);
    vmette_run_output_t *out = NULL;
    VmetteStatus status = run(cfg, &out);
    dprintf(3, "%d %d\n", (int)status, (int)code(out));
    discard_output(out);
    discard(cfg);
    if (dlclose(library) != 0) {
        exit(98);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    use(argv[1], 0);
    use(argv[1], 1);
    return 0;
}
