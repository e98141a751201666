package vmette.vhostuser;

/** placeholder signature, replaced by the vhost work. */
public final class Vring {
    private Vring() {}
}
