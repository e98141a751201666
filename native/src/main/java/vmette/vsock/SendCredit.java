package vmette.vsock;

/**
 * How much the guest lets us send: its buffer less what is on its way or unread (virtio 1.2, section 5.10.6.3). All
 * counters are modulo 2^32.
 */
final class SendCredit {
    private int sent;
    private int peerBufAlloc;
    private int peerFwdCnt;

    /** @param start where both ends' counters begin; 0 but for tests of the wrap */
    SendCredit(int start) {
        this.sent = start;
        this.peerFwdCnt = start;
    }

    /** Takes over what a packet of the guest says. */
    void update(int bufAlloc, int fwdCnt) {
        peerBufAlloc = bufAlloc;
        peerFwdCnt = fwdCnt;
    }

    void sent(int bytes) {
        sent += bytes;
    }

    /** The guest's whole buffer. */
    long most() {
        return Integer.toUnsignedLong(peerBufAlloc);
    }

    /** Bytes that may be sent now; 0 as well where the guest's numbers make no sense or its buffer shrank. */
    int available() {
        long free = Integer.toUnsignedLong(peerBufAlloc) - Integer.toUnsignedLong(sent - peerFwdCnt);
        return (int) Math.max(0, Math.min(free, Integer.MAX_VALUE));
    }
}
