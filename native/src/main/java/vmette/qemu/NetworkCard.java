package vmette.qemu;

import java.nio.file.Path;

/** What is behind a machine's one network card. */
public sealed interface NetworkCard {
    /** There is no card. */
    record None() implements NetworkCard {}

    /**
     * A process, such as passt, that speaks Ethernet on a socket.
     *
     * @param socket where it listens, before the start
     */
    record Stream(Path socket) implements NetworkCard {}

    /** QEMU's own user-mode network, whose gateway is the host's loopback. */
    record Slirp() implements NetworkCard {}
}
