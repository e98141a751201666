package vmette.rootfs.providers;

import vmette.rootfs.RootfsProgress;

/** How many bytes may still be unpacked. Not thread-safe. */
final class ByteBudget {
    private final long most;
    private final RootfsProgress.Transfer progress;
    private long used;

    ByteBudget(long most) {
        this(most, RootfsProgress.NONE.transfer("", -1));
    }

    /** @param progress told what is taken */
    ByteBudget(long most, RootfsProgress.Transfer progress) {
        this.most = most;
        this.progress = progress;
    }

    long used() {
        return used;
    }

    long most() {
        return most;
    }

    void take(long bytes) throws TarFormatException {
        used += bytes;
        progress.add(bytes);
        if (used > most) {
            throw new TarFormatException(
                    "it is more than " + most + " bytes unpacked, which is the most that is allowed;"
                            + " if it is to be trusted, raise vmette.rootfs.max-size");
        }
    }
}
