package vmette.config;

/**
 * {@code vmette.log}: what VMs' services write.
 *
 * @param keep bytes kept of each VM's, 0 to 64 MiB
 * @param budget bytes that all of them take together, at least 64 KiB
 */
public record LogSettings(int keep, long budget) {
    /** It is memory of this process. */
    static final int MOST = 64 << 20;

    static final long LEAST_BUDGET = 64 << 10;

    /** Checks what is given. */
    public LogSettings {
        Checks.range("log.keep", keep, 0, MOST);
        Checks.range("log.budget", budget, LEAST_BUDGET, Long.MAX_VALUE);
    }

    static LogSettings from(Section section) {
        return new LogSettings(
                (int) section.bytes("keep", 0, MOST), section.bytes("budget", LEAST_BUDGET, Long.MAX_VALUE));
    }
}
