package vmette.config;

/**
 * {@code vmette.log}: what VMs' services write.
 *
 * @param keep bytes kept of each VM's, 0 to 64 MiB
 */
public record LogSettings(int keep) {
    /** It is memory of this process. */
    static final int MOST = 64 << 20;

    /** Checks what is given. */
    public LogSettings {
        Checks.range("log.keep", keep, 0, MOST);
    }

    static LogSettings from(Section section) {
        return new LogSettings((int) section.bytes("keep", 0, MOST));
    }
}
