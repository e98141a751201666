package vmette.rootfs.providers;

/** How many bytes may still be unpacked. Not thread-safe. */
final class ByteBudget {
    private final long most;
    private long used;

    ByteBudget(long most) {
        this.most = most;
    }

    long most() {
        return most;
    }

    void take(long bytes) throws TarFormatException {
        used += bytes;
        if (used > most) {
            throw new TarFormatException(
                    "it is more than " + most + " bytes unpacked, which is the most that is allowed;"
                            + " if it is to be trusted, raise vmette.rootfs.max-size");
        }
    }
}
