/*
 * A virtio-vsock device driven by a process: its registers through sysfs, its rings in locked memory whose physical
 * addresses /proc/self/pagemap tells. Virtio 1.2, sections 4.1 (PCI), 2.7 (split virtqueues) and 5.10 (vsock). Polls; no
 * interrupts. One driver a process, so all of it is static.
 */
#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, RING = 128, RX = 0, TX = 1 };
enum { F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4 };
#define FEATURE_INDIRECT (1ull << 28)
#define FEATURE_VERSION_1 (1ull << 32)

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct used_element {
    uint32_t head;
    uint32_t written;
};

/* One ring, all in one page, and a page for each descriptor. */
struct ring {
    volatile struct desc *desc;
    volatile uint16_t *avail; /* flags, index, entries */
    volatile uint16_t *used;  /* flags, index, then struct used_element */
    volatile uint16_t *doorbell;
    uint64_t physical;
    uint16_t size;
    uint16_t offered;
    uint16_t reaped;
    uint8_t *buffer[RING];
    uint64_t buffer_physical[RING];
};

enum { DESC_AT = 0, AVAIL_AT = 2048, USED_AT = 2560 };

static struct ring rings[2];
static volatile uint8_t *common;
static volatile uint8_t *notify;
static volatile uint8_t *device_config;
static uint32_t notify_multiplier;

static void say(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[length] = '\n';
    if (write(1, line, length + 1) < 0) {
        _exit(3);
    }
}

static void die(const char *what) {
    say("hostile: cannot %s", what);
    sleep(1);
    _exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fence(void) {
    __sync_synchronize();
}

static uint64_t physical_of(const void *address) {
    static int pagemap = -1;
    uint64_t entry = 0;
    if (pagemap < 0) {
        pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    }
    if (pread(pagemap, &entry, 8, (uintptr_t)address / PAGE * 8) != 8 || !(entry >> 63)) {
        die("find a page's physical address");
    }
    return (entry & ((1ull << 55) - 1)) * PAGE;
}

static uint8_t *locked_page(uint64_t *physical) {
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    if (page == MAP_FAILED) {
        die("lock memory");
    }
    memset(page, 0, PAGE);
    *physical = physical_of(page);
    return page;
}

/* Finds the device by its PCI identity, takes it from its driver if it has one, and maps its registers. */
static void find_device(void) {
    char path[300];
    char slot[64] = "";
    DIR *devices = opendir("/sys/bus/pci/devices");
    struct dirent *entry;
    while (devices && (entry = readdir(devices)) != NULL) {
        unsigned vendor = 0;
        unsigned device = 0;
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/config", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        uint16_t id[2] = {0, 0};
        if (fd >= 0 && read(fd, id, 4) == 4) {
            vendor = id[0];
            device = id[1];
        }
        close(fd);
        if (vendor == 0x1af4 && device == 0x1040 + 19) {
            snprintf(slot, sizeof slot, "%.60s", entry->d_name);
        }
    }
    if (!slot[0]) {
        die("find a virtio-vsock device");
    }
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver/unbind", slot);
    int unbind = open(path, O_WRONLY | O_CLOEXEC);
    if (unbind >= 0) {
        if (write(unbind, slot, strlen(slot)) < 0) {
            die("unbind the driver");
        }
        close(unbind);
    }
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/config", slot);
    int config = open(path, O_RDWR | O_CLOEXEC);
    uint16_t command = 0;
    uint8_t at = 0;
    if (config < 0 || pread(config, &command, 2, 4) != 2 || pread(config, &at, 1, 0x34) != 1) {
        die("read the configuration space");
    }
    command |= 0x406; /* memory, bus master, no INTx */
    if (pwrite(config, &command, 2, 4) != 2) {
        die("enable the device");
    }
    volatile uint8_t *bars[6] = {0};
    while (at) {
        uint8_t capability[20];
        if (pread(config, capability, sizeof capability, at) != sizeof capability) {
            die("read a capability");
        }
        unsigned bar = capability[4];
        if (capability[0] == 9 && capability[3] >= 1 && capability[3] <= 4 && bar < 6) {
            uint32_t offset;
            memcpy(&offset, capability + 8, 4);
            if (!bars[bar]) {
                snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/resource%u", slot, bar);
                int resource = open(path, O_RDWR | O_CLOEXEC);
                bars[bar] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, resource, 0);
                if (bars[bar] == MAP_FAILED) {
                    die("map the registers");
                }
            }
            switch (capability[3]) {
            case 1:
                common = bars[bar] + offset;
                break;
            case 2:
                notify = bars[bar] + offset;
                memcpy(&notify_multiplier, capability + 16, 4);
                break;
            case 4:
                device_config = bars[bar] + offset;
                break;
            }
        }
        at = capability[1];
    }
    close(config);
    if (!common || !notify || !device_config) {
        die("find the registers");
    }
}

static void put8(unsigned at, uint8_t value) {
    common[at] = value;
}

static void put16(unsigned at, uint16_t value) {
    *(volatile uint16_t *)(common + at) = value;
}

static void put32(unsigned at, uint32_t value) {
    *(volatile uint32_t *)(common + at) = value;
}

static void put64(unsigned at, uint64_t value) {
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

static uint16_t get16(unsigned at) {
    return *(volatile uint16_t *)(common + at);
}

enum { STATUS = 20, QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28, QUEUE_NOTIFY = 30, QUEUE_ADDRESSES = 32 };

static void reset_device(void) {
    put8(STATUS, 0);
    while (common[STATUS] != 0) {
    }
}

static void negotiate(uint64_t features) {
    put8(STATUS, 1);
    put8(STATUS, 3);
    put32(8, 0);
    put32(12, (uint32_t)features);
    put32(8, 1);
    put32(12, (uint32_t)(features >> 32));
    put8(STATUS, 11);
    if (!(common[STATUS] & 8)) {
        die("agree on features");
    }
}

/* Tells the device where a ring is, displaced from where we have it by what an attack wants. */
static void set_queue(int index, int size, int64_t displaced_used) {
    struct ring *r = &rings[index];
    if (!r->physical) {
        uint8_t *page = locked_page(&r->physical);
        r->desc = (void *)(page + DESC_AT);
        r->avail = (void *)(page + AVAIL_AT);
        r->used = (void *)(page + USED_AT);
        for (int i = 0; i < RING; i++) {
            r->buffer[i] = locked_page(&r->buffer_physical[i]);
        }
    }
    memset((void *)r->desc, 0, PAGE);
    r->size = size;
    r->offered = 0;
    r->reaped = 0;
    put16(QUEUE_SELECT, index);
    put16(QUEUE_SIZE, size);
    put16(26, 0xffff);
    put64(QUEUE_ADDRESSES, r->physical + DESC_AT);
    put64(QUEUE_ADDRESSES + 8, r->physical + AVAIL_AT);
    put64(QUEUE_ADDRESSES + 16, r->physical + USED_AT + displaced_used);
    r->doorbell = (void *)(notify + get16(QUEUE_NOTIFY) * notify_multiplier);
    put16(QUEUE_ENABLE, 1);
}

static void start_device(int size, int64_t displaced_used) {
    reset_device();
    negotiate(FEATURE_VERSION_1 | FEATURE_INDIRECT);
    set_queue(RX, size, 0);
    set_queue(TX, size, displaced_used);
    put8(STATUS, 15);
}

static void kick(int index) {
    fence();
    *rings[index].doorbell = index;
}

static void set_desc(int index, int at, uint64_t address, uint32_t length, uint16_t flags, uint16_t next) {
    volatile struct desc *d = &rings[index].desc[at];
    d->address = address;
    d->length = length;
    d->flags = flags;
    d->next = next;
}

/* Makes a head available; the device sees it at once. */
static void offer(int index, uint16_t head) {
    struct ring *r = &rings[index];
    r->avail[2 + r->offered % r->size] = head;
    fence();
    r->offered++;
    r->avail[1] = r->offered;
}

static uint16_t used_index(int index) {
    fence();
    return rings[index].used[1];
}

static int outstanding(int index) {
    return (uint16_t)(rings[index].offered - used_index(index));
}

/* Takes one chain back; 0 if there is none. */
static int reap(int index, struct used_element *element) {
    struct ring *r = &rings[index];
    if (used_index(index) == r->reaped) {
        return 0;
    }
    volatile struct used_element *elements = (volatile void *)(r->used + 2);
    element->head = elements[r->reaped % r->size].head;
    element->written = elements[r->reaped % r->size].written;
    r->reaped++;
    return 1;
}

#endif
