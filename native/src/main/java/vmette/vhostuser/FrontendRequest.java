package vmette.vhostuser;

import java.util.Optional;

/**
 * Requests a front-end may send that this back-end serves; numbers and payloads from QEMU's {@code
 * docs/interop/vhost-user.rst}, "Front-end message types".
 */
enum FrontendRequest {
    GET_FEATURES(1, true),
    SET_FEATURES(2, false),
    SET_OWNER(3, false),
    RESET_OWNER(4, false),
    SET_MEM_TABLE(5, false),
    SET_VRING_NUM(8, false),
    SET_VRING_ADDR(9, false),
    SET_VRING_BASE(10, false),
    GET_VRING_BASE(11, true),
    SET_VRING_KICK(12, false),
    SET_VRING_CALL(13, false),
    SET_VRING_ERR(14, false),
    GET_PROTOCOL_FEATURES(15, true),
    SET_PROTOCOL_FEATURES(16, false),
    GET_QUEUE_NUM(17, true),
    SET_VRING_ENABLE(18, false),
    GET_CONFIG(24, true),
    SET_CONFIG(25, false);

    private final int code;
    private final boolean hasReply;

    FrontendRequest(int code, boolean hasReply) {
        this.code = code;
        this.hasReply = hasReply;
    }

    int code() {
        return code;
    }

    /** Whether it is answered by data, so that no acknowledgement is due. */
    boolean hasReply() {
        return hasReply;
    }

    static Optional<FrontendRequest> of(int code) {
        for (FrontendRequest request : values()) {
            if (request.code == code) {
                return Optional.of(request);
            }
        }
        return Optional.empty();
    }
}
