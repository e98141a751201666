#include "vsock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "openings.h"

/* linux/vm_sockets.h, which musl's compiler does not see. */
#define VMADDR_CID_ANY UINT32_MAX
#define VMADDR_CID_HOST 2
struct sockaddr_vm {
    sa_family_t svm_family;
    uint16_t svm_reserved1;
    uint32_t svm_port;
    uint32_t svm_cid;
    uint8_t svm_zero[sizeof(struct sockaddr) - sizeof(sa_family_t) - 2 - 4 - 4];
};

int vsock_listen(void) {
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = AGENT_PORT, .svm_cid = VMADDR_CID_ANY};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

bool peer_is_host(int fd) {
    struct sockaddr_vm peer = {0};
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.svm_family == AF_VSOCK &&
           peer.svm_cid == VMADDR_CID_HOST;
}

/* net/vmw_vsock: the sockets of a transport that is reset are closed without SOCK_DONE and without the peer's shutdown. */
bool transport_lost(int fd) { return send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == ENOTCONN; }
