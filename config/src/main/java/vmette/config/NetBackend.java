package vmette.config;

/** What is to be behind network cards. */
public enum NetBackend {
    /** passt where it is installed, else slirp. */
    AUTO,
    /** passt(1), a process of its own for each VM. */
    PASST,
    /** What is built into QEMU; it cannot keep guests from the host's loopback. */
    SLIRP
}
